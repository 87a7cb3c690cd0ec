package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// Digest is a SHA-256. A manifest of many files is in memory as a whole, where
// 32 bytes take less room than their text.
type Digest [sha256.Size]byte

// ParseDigest reads the text of a digest.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	return d, d.UnmarshalText([]byte(text))
}

func digestOf(h hash.Hash) Digest { return Digest(h.Sum(nil)) }

// String is the digest in hex.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports that there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return fmt.Errorf("%q is no SHA-256: %w", text, err)
	}
	return nil
}

// unharmed reads a stored file and reports whether it is still what its entry
// says. One that cannot be read is not.
func (e *Entry) unharmed(ctx context.Context, name string) bool {
	sum, n, err := digestFile(ctx, name)
	return err == nil && n == e.Size && sum == e.SHA256
}
