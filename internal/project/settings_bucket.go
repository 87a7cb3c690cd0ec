package project

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/fault"
)

// Bucket is an S3 bucket that backups are copied to. Its access key stands in
// no settings file: that one is readable by many, is committed, and is itself
// part of every backup. Where neither variables nor a file are named, the
// machine's own key is used, as the AWS tools find it.
type Bucket struct {
	Endpoint  string // a URL; "" is Amazon's for the region
	Region    string
	Name      string
	Prefix    string // below which all objects lie, without slashes at its ends
	PathStyle bool
	CAFile    string // certificates to trust besides the system's, absolute
	// AccessKeyEnv and SecretKeyEnv name the variables of bunnyhop's own
	// environment that hold the access key.
	AccessKeyEnv, SecretKeyEnv string
	// CredentialsFile holds the access key instead, absolute.
	CredentialsFile string
}

// String names the bucket for people.
func (b *Bucket) String() string {
	text := "s3://" + b.Name
	if b.Prefix != "" {
		text += "/" + b.Prefix
	}
	if b.Endpoint != "" {
		if u, err := url.Parse(b.Endpoint); err == nil {
			text += " at " + u.Host
		}
	}
	return text
}

// lineError is an error about one line inside a value.
type lineError struct {
	node *yaml.Node
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

func bucketNode(n *yaml.Node, dir string) (*Bucket, error) {
	if n.Kind != yaml.MappingNode {
		return nil, errors.New("a mapping is expected, with endpoint, region, bucket and prefix")
	}
	b := &Bucket{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		var err error
		if seen[key.Value] {
			err = errors.New("it stands twice")
		} else {
			err = b.set(key.Value, value, dir)
		}
		seen[key.Value] = true
		if err != nil {
			return nil, &lineError{node: key, err: fmt.Errorf("backup_bucket, %s: %w", key.Value, err)}
		}
	}
	if b.Name == "" {
		return nil, errors.New("backup_bucket names no bucket")
	}
	if b.Endpoint == "" && b.Region == "" {
		return nil, errors.New("backup_bucket needs an endpoint, or for Amazon S3 a region")
	}
	if b.CredentialsFile != "" && (seen["access_key_env"] || seen["secret_key_env"]) {
		return nil, errors.New("backup_bucket has both credentials_file and variables for the access key; give one")
	}
	if (b.AccessKeyEnv == "") != (b.SecretKeyEnv == "") {
		return nil, errors.New("backup_bucket has only one of access_key_env and secret_key_env")
	}
	return b, nil
}

func (b *Bucket) set(key string, value *yaml.Node, dir string) (err error) {
	switch key {
	case "endpoint":
		if b.Endpoint, err = textNode(value); err == nil {
			err = checkEndpoint(b.Endpoint)
		}
	case "region":
		b.Region, err = textNode(value)
	case "bucket":
		b.Name, err = textNode(value)
	case "prefix":
		if b.Prefix, err = textNode(value); err == nil {
			b.Prefix = strings.Trim(b.Prefix, "/")
		}
	case "path_style":
		if value.Kind != yaml.ScalarNode || value.Decode(&b.PathStyle) != nil {
			err = errors.New("true or false is expected")
		}
	case "ca_file":
		b.CAFile, err = pathNode(value, dir)
	case "access_key_env":
		b.AccessKeyEnv, err = variableNode(value)
	case "secret_key_env":
		b.SecretKeyEnv, err = variableNode(value)
	case "credentials_file":
		b.CredentialsFile, err = pathNode(value, dir)
	case "access_key", "secret_key", "access_key_id", "secret_access_key":
		err = errors.New("a secret does not belong into this file; put it into one of mode 0600 and name that as credentials_file, " +
			"or name a variable as access_key_env and secret_key_env")
	default:
		err = errors.New("unknown key; the keys are endpoint, region, bucket, prefix, path_style, ca_file, credentials_file, access_key_env and secret_key_env")
	}
	return err
}

func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return errors.New("a URL such as https://s3.example.org is expected")
	}
	if u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return errors.New("only scheme, host and port are expected, without a path or a password")
	}
	return nil
}

// variableNode takes the name of an environment variable. What looks like the
// key itself is refused without being repeated.
func variableNode(n *yaml.Node) (string, error) {
	text, err := textNode(n)
	if err != nil {
		return "", err
	}
	for i, c := range text {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return "", errors.New("the name of an environment variable is expected, not the key itself")
		}
	}
	return text, nil
}

// pathNode takes a path, which is relative to dir, or to the home folder after
// "~/".
func pathNode(n *yaml.Node, dir string) (string, error) {
	text, err := textNode(n)
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		if dir, err = os.UserHomeDir(); err != nil {
			return "", err
		}
		text = rest
	}
	if filepath.IsAbs(text) {
		return filepath.Clean(text), nil
	}
	return filepath.Abs(filepath.Join(dir, text))
}

// inPlain is what encrypt_to says when copies are wanted without encryption.
const inPlain = "none"

func recipientsNode(n *yaml.Node) ([]string, error) {
	items := n.Content
	if n.Kind == yaml.ScalarNode {
		if n.Value == inPlain {
			return nil, nil
		}
		items = []*yaml.Node{n}
	}
	var all []string
	for _, item := range items {
		text, err := textNode(item)
		if err == nil {
			err = keys.ParseRecipient(text)
		}
		if err != nil {
			return nil, &lineError{node: item, err: fmt.Errorf("encrypt_to: %w", err)}
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return nil, errors.New("encrypt_to is empty; name public keys (age1…), or write none")
	}
	_, err := keys.ParseRecipients(all)
	return all, err
}

// checkBucket has a person say what becomes of the secrets in a backup that
// leaves this machine: it is never in plain by default.
func (s *Settings) checkBucket(decided bool) error {
	if s.Bucket != nil && !decided {
		return fault.New(s.Path+" has a backup_bucket and does not say how backups are encrypted for it",
			"make a key with `age-keygen -o KEYFILE`, write its public key as encrypt_to: [age1…], and keep KEYFILE where neither this machine nor the bucket can lose it: "+
				"without it the copies cannot be read. With encrypt_to: none they are stored in plain, passwords and secrets of .env included")
	}
	if s.Bucket == nil && (s.KeepInBucket > 0 || s.KeepBucketDays > 0) {
		return fault.New(s.Path+" has limits for a bucket and no backup_bucket", "name the bucket, or leave keep_in_bucket and keep_bucket_days out")
	}
	return nil
}

// Keys reads the access key, from the file or from the environment of this
// process. Both are empty where the machine's own is to be used. The error never
// repeats it.
func (b *Bucket) Keys(environ []string) (access, secret string, err error) {
	if b.CredentialsFile != "" {
		return readCredentials(b.CredentialsFile)
	}
	if b.AccessKeyEnv == "" {
		return "", "", nil
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case b.AccessKeyEnv:
			access = value
		case b.SecretKeyEnv:
			secret = value
		}
	}
	if access == "" || secret == "" {
		return "", "", fault.Newf("the bucket's access key is not in the environment (%s and %s)", b.AccessKeyEnv, b.SecretKeyEnv).
			WithHint("set both, or put the key into a file of mode 0600 and name that as credentials_file in backup_bucket")
	}
	return access, secret, nil
}

// readCredentials reads a file with lines such as "access_key = …", in which
// the names that the AWS command line uses are understood too.
func readCredentials(path string) (access, secret string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", fault.Wrap(err, "the bucket's credentials_file cannot be read", "")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", "", fault.Newf("others may read the bucket's access key in %s", path).WithHint("chmod 600 %s", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", fault.Wrap(err, "the bucket's credentials_file cannot be read", "")
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "[") {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		var to *string
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "access_key", "aws_access_key_id":
			to = &access
		case "secret_key", "aws_secret_access_key":
			to = &secret
		default:
			continue // such as the region
		}
		if *to != "" {
			return "", "", fault.Newf("%s holds more than one access key", path).WithHint("leave one of them in a file of its own")
		}
		*to = value
	}
	if access == "" || secret == "" {
		return "", "", fault.Newf("%s does not hold an access key", path).WithHint("write two lines: access_key = … and secret_key = …")
	}
	return access, secret, nil
}
