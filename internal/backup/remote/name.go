package remote

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
)

// namer gives pieces their names. Without encryption the name is the digest of
// the content. With it, that would tell whoever can list the bucket which known
// files are in it, so the name is a keyed digest instead. The key stays on this
// machine and is no part of what is needed to read a backup: the manifest,
// which is encrypted, names the pieces. Whoever loses it only uploads
// everything once more.
//
// The recipients are part of the name too. A key that is added to them has to
// open every backup made from then on, and one that is taken out none, so
// contents are stored anew when they change.
type namer struct{ key []byte }

func newNamer(recipients keys.Recipients, file string) (namer, error) {
	if recipients.None() {
		return namer{}, nil
	}
	secret, err := nameKey(file)
	if err != nil {
		return namer{}, err
	}
	return namer{key: keyed(secret, []byte(strings.Join(recipients.Names, "\n")))}, nil
}

func (n namer) name(digest backup.Digest) pieceName {
	if n.key == nil {
		return pieceName(digest)
	}
	return pieceName(keyed(n.key, digest[:]))
}

func keyed(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// nameKey reads the key of the names, and makes it if there is none.
func nameKey(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		key, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err == nil && len(key) == sha256.Size {
			return key, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the key of the bucket's names: %w", err)
	}
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("keeping the key of the bucket's names: %w", err)
	}
	if err := renameio.WriteFile(file, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the key of the bucket's names: %w", err)
	}
	return key, nil
}
