package project

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"bunnyhop/internal/fault"
)

func TestReadBucketSettings(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	public, private := identity.Recipient().String(), identity.String()
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ofSSH := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))
	t.Setenv("HOME", "/home/me")
	for _, c := range []struct {
		name, content, fails string
		want                 Settings
	}{
		{
			name: "all", content: "backup_bucket:\n  endpoint: https://s3.example.org:9000\n  region: eu-1\n  bucket: b\n  prefix: /a/b/\n  path_style: true\n" +
				"  ca_file: ca.pem\n  credentials_file: ~/bucket.key\nencrypt_to:\n  - " + public + "\n  - " + ofSSH + " me@example.org\n" +
				"identity_file: /media/key\nkeep_in_bucket: 30\nkeep_bucket_days: 365\n",
			want: Settings{
				Bucket: &Bucket{
					Endpoint: "https://s3.example.org:9000", Region: "eu-1", Name: "b", Prefix: "a/b", PathStyle: true,
					CAFile: "DIR/ca.pem", CredentialsFile: "/home/me/bucket.key",
				},
				EncryptTo: []string{public, ofSSH + " me@example.org"}, IdentityFile: "/media/key", KeepInBucket: 30, KeepBucketDays: 365,
			},
		},
		{
			name: "by variables, in plain", content: "backup_bucket: {region: eu-1, bucket: b, access_key_env: A, secret_key_env: B_2}\nencrypt_to: none\n",
			want: Settings{Bucket: &Bucket{Region: "eu-1", Name: "b", AccessKeyEnv: "A", SecretKeyEnv: "B_2"}},
		},
		{
			name: "one key", content: "backup_bucket: {endpoint: http://h:1, bucket: b}\nencrypt_to: " + public + "\n",
			want: Settings{Bucket: &Bucket{Endpoint: "http://h:1", Name: "b"}, EncryptTo: []string{public}},
		},
		{name: "not decided", content: "backup_bucket: {region: e, bucket: b}\n", fails: "does not say how backups are encrypted"},
		{name: "no mapping", content: "stop: a\nstart: b\nbackup_bucket: b\n", fails: "line 3: a mapping is expected"},
		{name: "no name", content: "backup_bucket:\n  region: e\n", fails: "line 1: backup_bucket names no bucket"},
		{name: "no place", content: "backup_bucket:\n  bucket: b\n", fails: "line 1: backup_bucket needs an endpoint"},
		{name: "unknown", content: "backup_bucket:\n  bucket: b\n  buket: b\n", fails: "line 3: backup_bucket, buket: unknown key"},
		{name: "twice", content: "backup_bucket:\n  bucket: b\n  bucket: c\n", fails: "line 3: backup_bucket, bucket: it stands twice"},
		{name: "a secret", content: "backup_bucket:\n  bucket: b\n  secret_key: hush-hush\n", fails: "line 3: backup_bucket, secret_key: a secret does not belong into this file"},
		{name: "a secret as a variable", content: "backup_bucket:\n  bucket: b\n  secret_key_env: hush/hush\n", fails: "line 3: backup_bucket, secret_key_env: the name of an environment variable is expected"},
		{name: "half a key", content: "backup_bucket: {region: e, bucket: b, access_key_env: A}\n", fails: "only one of access_key_env and secret_key_env"},
		{name: "two ways", content: "backup_bucket: {region: e, bucket: b, access_key_env: A, credentials_file: f}\n", fails: "give one"},
		{name: "no URL", content: "backup_bucket:\n  endpoint: s3.example.org\n", fails: "line 2: backup_bucket, endpoint: a URL such as"},
		{name: "a password in the URL", content: "backup_bucket:\n  endpoint: https://u:hush-hush@h\n", fails: "line 2: backup_bucket, endpoint: only scheme"},
		{name: "style", content: "backup_bucket:\n  path_style: perhaps\n", fails: "line 2: backup_bucket, path_style: true or false"},
		{name: "no key", content: "encrypt_to:\n  - " + public + "\n  - age1nonsense\n", fails: "line 3: encrypt_to: \"age1nonsense\" is no public key"},
		{name: "the private key", content: "encrypt_to:\n  - " + private + "\n", fails: "line 2: encrypt_to: that is a private key"},
		{name: "no keys", content: "encrypt_to: []\n", fails: "line 1: encrypt_to is empty"},
		{name: "limits for nothing", content: "keep_in_bucket: 3\n", fails: "has limits for a bucket and no backup_bucket"},
		{name: "keeps none", content: "keep_bucket_days: 0\n", fails: "line 1: a number of 1 or more is expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, map[string]string{SettingsFile: c.content})
			path := filepath.Join(dir, SettingsFile)
			got, err := ReadSettings(path)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want %q", err, c.fails)
				}
				for _, secret := range []string{"hush", private} {
					if err != nil && strings.Contains(err.Error()+fault.HintOf(err), secret) {
						t.Errorf("the secret is repeated: %v", err)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.want.Path = path
			if c.want.Bucket.CAFile != "" {
				c.want.Bucket.CAFile = filepath.Join(dir, "ca.pem")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBucketKeys(t *testing.T) {
	dir := t.TempDir()
	file := func(text string, mode os.FileMode) string {
		path := filepath.Join(dir, "keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	environ := []string{"A=access", "B=secret=with=equals", "EMPTY="}
	for _, c := range []struct {
		name          string
		bucket        Bucket
		text          string
		mode          os.FileMode
		access, fails string
	}{
		{name: "variables", bucket: Bucket{AccessKeyEnv: "A", SecretKeyEnv: "B"}, access: "access"},
		{name: "a variable that is not set", bucket: Bucket{AccessKeyEnv: "A", SecretKeyEnv: "C"}, fails: "not in the environment (A and C)"},
		{name: "an empty one", bucket: Bucket{AccessKeyEnv: "A", SecretKeyEnv: "EMPTY"}, fails: "not in the environment"},
		{name: "the machine's", bucket: Bucket{}},
		{name: "a file", text: "# mine\naccess_key = access\nsecret_key = \"secret=with=equals\"\n", mode: 0o600, access: "access"},
		{name: "a file of the AWS tools", text: "[default]\nregion = x\naws_access_key_id=access\naws_secret_access_key=secret=with=equals\n", mode: 0o400, access: "access"},
		{name: "several", text: "[a]\naccess_key = a\nsecret_key = b\n[b]\naccess_key = c\nsecret_key = d\n", mode: 0o600, fails: "more than one access key"},
		{name: "half", text: "access_key = a\n", mode: 0o600, fails: "does not hold an access key"},
		{name: "open", text: "access_key = a\nsecret_key = b\n", mode: 0o640, fails: "others may read"},
		{name: "no file", bucket: Bucket{CredentialsFile: "/nowhere/at/all"}, fails: "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.text != "" {
				c.bucket.CredentialsFile = file(c.text, c.mode)
				defer os.Remove(c.bucket.CredentialsFile)
			}
			access, secret, err := c.bucket.Keys(environ)
			switch {
			case c.fails != "":
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want %q", err, c.fails)
				}
			case err != nil:
				t.Error(err)
			case access != c.access, c.access != "" && secret != "secret=with=equals":
				t.Errorf("got %q and %q", access, secret)
			}
		})
	}
}
