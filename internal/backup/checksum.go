package backup

import (
	"context"
	"encoding/hex"
	"hash"
)

func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// unharmed reads a stored file and reports whether it is still what its entry
// says. One that cannot be read is not.
func (e *Entry) unharmed(ctx context.Context, name string) bool {
	sum, n, err := digestFile(ctx, name)
	return err == nil && n == e.Size && sum == e.SHA256
}
