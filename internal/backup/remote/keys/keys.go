// Package keys reads the age keys that backups are encrypted to and opened
// with: those of age itself, and SSH keys.
package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"bunnyhop/internal/fault"
)

// Recipients are public keys. Whoever has the private key of any of them can
// read what is encrypted to them. The zero value encrypts nothing.
type Recipients struct {
	// Names are the public keys as they are written, without comments, sorted.
	Names []string
	list  []age.Recipient
}

// None reports whether there are none.
func (r Recipients) None() bool { return len(r.list) == 0 }

// ParseRecipients reads public keys: age1… or a line of an SSH public key file
// (ssh-ed25519 or ssh-rsa).
func ParseRecipients(texts []string) (Recipients, error) {
	type named struct {
		name      string
		recipient age.Recipient
	}
	var all []named
	for _, text := range texts {
		name, recipient, err := parseRecipient(strings.TrimSpace(text))
		if err != nil {
			return Recipients{}, err
		}
		if !slices.ContainsFunc(all, func(n named) bool { return n.name == name }) {
			all = append(all, named{name, recipient})
		}
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.name, b.name) })
	var r Recipients
	for _, n := range all {
		r.Names, r.list = append(r.Names, n.name), append(r.list, n.recipient)
	}
	if !r.None() {
		// Some kinds of keys do not go together; that shows only here.
		if _, err := age.Encrypt(io.Discard, r.list...); err != nil {
			return Recipients{}, fmt.Errorf("these keys cannot be used together: %w", err)
		}
	}
	return r, nil
}

// ParseRecipient checks one public key.
func ParseRecipient(text string) error {
	_, _, err := parseRecipient(strings.TrimSpace(text))
	return err
}

func parseRecipient(text string) (string, age.Recipient, error) {
	switch {
	case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-"), strings.Contains(text, "PRIVATE KEY"):
		// It is not repeated: errors reach logs.
		return "", nil, errors.New("that is a private key; the public one belongs here (age1… or ssh-ed25519 …), and the private one in no settings file")
	case strings.HasPrefix(text, "ssh-"):
		recipient, err := agessh.ParseRecipient(text)
		if err != nil {
			return "", nil, fmt.Errorf("%.30q is no SSH public key that can be used: %w", text, err)
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			return "", nil, fmt.Errorf("%.30q is no SSH public key: %w", text, err)
		}
		return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), recipient, nil
	}
	list, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(list) != 1 {
		return "", nil, fmt.Errorf("%.30q is no public key: age1… or ssh-ed25519 … is expected", text)
	}
	return text, list[0], nil
}

// Encrypt encrypts what is written to the result, which has to be closed.
func (r Recipients) Encrypt(to io.Writer) (io.WriteCloser, error) { return age.Encrypt(to, r.list...) }

// Identities are private keys.
type Identities struct {
	Path string // the file that they come from
	list []age.Identity
}

// None reports whether there are none.
func (i Identities) None() bool { return len(i.list) == 0 }

// ReadIdentities reads a file of private keys: one that age-keygen wrote, or
// an SSH private key without a passphrase. One that others may read is refused,
// as ssh does.
func ReadIdentities(path string) (Identities, error) {
	file, err := os.Open(path)
	if err != nil {
		return Identities{}, fault.Wrap(err, "the file with the private key cannot be read", "name the right one with --identity FILE or as identity_file in bunnyhop.yaml").
			WithCode(fault.Usage)
	}
	defer file.Close() //nolint:errcheck // only read from
	info, err := file.Stat()
	if err != nil {
		return Identities{}, fmt.Errorf("reading the private key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Identities{}, fault.Newf("%s is no file", path).WithCode(fault.Usage)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Identities{}, fault.Newf("others may read the private key in %s", path).
			WithHint("chmod 600 %s", path).WithCode(fault.Usage)
	}
	const most = 1 << 20
	data, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return Identities{}, fmt.Errorf("reading the private key: %w", err)
	}
	list, err := parseIdentities(data)
	if err != nil {
		return Identities{}, fault.Wrap(err, path+" holds no private key that can be used", "it is made by: age-keygen -o FILE").
			WithCode(fault.Usage)
	}
	return Identities{Path: path, list: list}, nil
}

func parseIdentities(data []byte) ([]age.Identity, error) {
	if !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		list, err := age.ParseIdentities(bytes.NewReader(data))
		if err != nil {
			// The cause may repeat a part of the key.
			return nil, errors.New("it is no file of age-keygen")
		}
		return list, nil
	}
	identity, err := agessh.ParseIdentity(data)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, errors.New("the SSH key has a passphrase, which nobody can type in an unattended run; use a key of age-keygen, or a copy of the SSH key without one")
	}
	if err != nil {
		return nil, err
	}
	return []age.Identity{identity}, nil
}

// Decrypt decrypts. That none of the keys fits is a *NoKeyError.
func (i Identities) Decrypt(from io.Reader) (io.Reader, error) {
	if i.None() {
		return nil, &NoKeyError{}
	}
	plain, err := age.Decrypt(from, i.list...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, &NoKeyError{Path: i.Path}
	}
	return plain, err
}

// Open reports whether the private keys can open what is encrypted to the
// public ones.
func (i Identities) Open(r Recipients) error {
	var sealed bytes.Buffer
	w, err := r.Encrypt(&sealed)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err = i.Decrypt(&sealed)
	return err
}

// NoKeyError says that there is no private key, or none that fits.
type NoKeyError struct{ Path string }

func (e *NoKeyError) Error() string {
	if e.Path == "" {
		return "no private key was given"
	}
	return "no private key in " + e.Path + " fits"
}
