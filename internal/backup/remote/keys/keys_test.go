package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"bunnyhop/internal/fault"
)

func sshKey(t *testing.T, passphrase string) (public string, private []byte) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sshPub, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshPub))), pem.EncodeToMemory(block)
}

func TestKeysThatBelongTogetherOpen(t *testing.T) {
	one, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	two, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	public, private := sshKey(t, "")
	recipients, err := ParseRecipients([]string{public + " me@example.org", one.Recipient().String(), " " + public})
	if err != nil {
		t.Fatal(err)
	}
	if len(recipients.Names) != 2 || recipients.Names[1] != public {
		t.Errorf("%q", recipients.Names)
	}
	file := func(data string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(data), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, text := range []string{string(private), "# public key: x\n" + two.String() + "\n" + one.String() + "\n"} {
		identities, err := ReadIdentities(file(text, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		if err := identities.Open(recipients); err != nil {
			t.Error(err)
		}
	}
	identities, err := ReadIdentities(file(two.String(), 0o400))
	if err != nil {
		t.Fatal(err)
	}
	var none *NoKeyError
	if err := identities.Open(recipients); !errors.As(err, &none) || none.Path != identities.Path {
		t.Error(err)
	}
	if err := (Identities{}).Open(recipients); !errors.As(err, &none) || none.Path != "" {
		t.Error(err)
	}

	_, locked := sshKey(t, "hush")
	for words, path := range map[string]string{
		"others may read":                file(one.String(), 0o644),
		"no private key that can":        file("AGE-SECRET-KEY-1NONSENSE", 0o600),
		"has a passphrase":               file(string(locked), 0o600),
		"cannot be read":                 filepath.Join(t.TempDir(), "none"),
		"is no file":                     t.TempDir(),
		"it is no file of age-keygen":    file("", 0o600),
		"holds no private key that can ": file(one.Recipient().String(), 0o600),
	} {
		_, err := ReadIdentities(path)
		if err == nil || !strings.Contains(err.Error(), words) || fault.CodeOf(err) != fault.Usage || strings.Contains(err.Error(), "NONSENSE") {
			t.Errorf("%q: %v", words, err)
		}
	}
}
