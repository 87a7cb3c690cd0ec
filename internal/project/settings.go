package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"bunnyhop/internal/fault"
)

// SettingsFile is the name of the settings file in a project's root.
const SettingsFile = "bunnyhop.yaml"

// Settings is what a person told bunnyhop about one project.
type Settings struct {
	Path string // the file that was read; "" when there is none
	// Stop, Start and Status are commands, run without a shell in the
	// project's root. Stop and Start come together. Status exits with 0 when the
	// server runs; it is optional.
	Stop, Start, Status []string
	// BackupFolder is where backups go, absolute; "" is the default place.
	BackupFolder string
	// ScratchDatabase is a connection string with the password of a role that
	// may create databases, for copies of the project's database; "" makes them
	// with the project's own connection. It is a secret.
	ScratchDatabase string
	// StartTimeout is how long the server may take from its start to the first
	// answer; 0 is the default.
	StartTimeout time.Duration
	// KeepBackups is how many backups stay when old ones are removed, and
	// KeepDays how many days old they may be; 0 is no limit. What is beyond
	// either goes.
	KeepBackups, KeepDays int
	// MinimumReleaseAge is how many days a release has to be out before it is
	// taken without a question; nil is the default, 0 asks for none.
	MinimumReleaseAge *int
	// Bucket is where backups are copied to; nil is nowhere.
	Bucket *Bucket
	// EncryptTo are the public keys that the copies are encrypted to. It is
	// empty with a Bucket only if they are wanted in plain.
	EncryptTo []string
	// IdentityFile holds the private key that opens such copies, absolute; ""
	// when it is not kept on this machine.
	IdentityFile string
	// KeepInBucket and KeepBucketDays are KeepBackups and KeepDays for the
	// bucket.
	KeepInBucket, KeepBucketDays int
}

// ReadSettings reads a settings file. Unknown keys, and values of the wrong
// kind, are errors with the line. A relative backup_folder is relative to the
// file's folder.
func ReadSettings(path string) (Settings, error) {
	s := Settings{}
	data, err := os.ReadFile(path)
	if err != nil {
		return s, fault.Wrap(err, "the settings file cannot be read", "")
	}
	s.Path = path
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return s, fault.Wrap(err, path+" is not valid YAML", "")
	}
	if len(doc.Content) == 0 {
		return s, nil
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return s, nil
	}
	bad := func(n *yaml.Node, err error) error {
		return fault.Wrap(err, fmt.Sprintf("%s, line %d", path, n.Line),
			"the keys are stop, start, status, start_timeout, backup_folder, scratch_database, keep_backups, keep_days, "+
				"minimum_release_age, "+
				"backup_bucket, encrypt_to, identity_file, keep_in_bucket and keep_bucket_days")
	}
	if top.Kind != yaml.MappingNode {
		return s, bad(top, errors.New("a mapping of settings is expected"))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if seen[key.Value] {
			return s, bad(key, fmt.Errorf("%q stands twice", key.Value))
		}
		seen[key.Value] = true
		var err error
		switch key.Value {
		case "stop":
			s.Stop, err = commandNode(value)
		case "start":
			s.Start, err = commandNode(value)
		case "status":
			s.Status, err = commandNode(value)
		case "backup_folder":
			if s.BackupFolder, err = textNode(value); err == nil && !filepath.IsAbs(s.BackupFolder) {
				s.BackupFolder, err = filepath.Abs(filepath.Join(filepath.Dir(path), s.BackupFolder))
			}
		case "scratch_database":
			s.ScratchDatabase, err = textNode(value)
		case "start_timeout":
			var text string
			if text, err = textNode(value); err == nil {
				s.StartTimeout, err = time.ParseDuration(text)
			}
			if err == nil && s.StartTimeout <= 0 {
				err = errors.New("a time such as 90s or 5m is expected")
			}
		case "keep_backups":
			s.KeepBackups, err = countNode(value)
		case "keep_days":
			s.KeepDays, err = countNode(value)
		case "minimum_release_age":
			s.MinimumReleaseAge, err = daysNode(value)
		case "backup_bucket":
			s.Bucket, err = bucketNode(value, filepath.Dir(path))
		case "encrypt_to":
			s.EncryptTo, err = recipientsNode(value)
		case "identity_file":
			s.IdentityFile, err = pathNode(value, filepath.Dir(path))
		case "keep_in_bucket":
			s.KeepInBucket, err = countNode(value)
		case "keep_bucket_days":
			s.KeepBucketDays, err = countNode(value)
		default:
			err = fmt.Errorf("unknown key %q", key.Value)
		}
		var at *lineError
		if errors.As(err, &at) {
			key = at.node
		}
		if err != nil {
			return s, bad(key, err)
		}
	}
	if (s.Stop == nil) != (s.Start == nil) {
		return s, fault.New(path+" has only one of stop and start", "give both commands, or none")
	}
	return s, s.checkBucket(seen["encrypt_to"])
}

func textNode(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		return "", errors.New("a text is expected")
	}
	return n.Value, nil
}

// most is more than anybody keeps, of backups and of days, and as days still a
// time.Duration.
const most = 100_000

func countNode(n *yaml.Node) (int, error) {
	text, err := textNode(n)
	if err == nil {
		if count, err := strconv.Atoi(text); err == nil && count >= 1 && count <= most {
			return count, nil
		}
	}
	return 0, errors.New("a number of 1 or more is expected")
}

// daysNode is a number of days, of which 0 is one.
func daysNode(n *yaml.Node) (*int, error) {
	if text, err := textNode(n); err == nil && text == "0" {
		return new(int), nil
	}
	days, err := countNode(n)
	if err != nil {
		return nil, errors.New("a number of days is expected, 0 for none")
	}
	return &days, nil
}

func commandNode(n *yaml.Node) ([]string, error) {
	if n.Kind == yaml.SequenceNode {
		var words []string
		for _, item := range n.Content {
			word, err := textNode(item)
			if err != nil {
				return nil, errors.New("a list of words is expected")
			}
			words = append(words, word)
		}
		if len(words) == 0 {
			return nil, errors.New("the command is empty")
		}
		return words, nil
	}
	text, err := textNode(n)
	if err != nil {
		return nil, errors.New("a command is expected, as a text or a list of words")
	}
	return splitWords(text)
}
