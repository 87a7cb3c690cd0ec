package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksums of what is written to it. The SHA-256 is what a backup is verified
// by. The CRC-32C, which the processor computes ten times as fast, tells
// whether an earlier copy may be shared: it finds every flipped bit and every
// damaged stretch of up to 32 bits, and of other damage all but one case in
// four thousand million. What it misses, the verification after each backup
// finds.
type checksums struct {
	sha hash.Hash
	crc hash.Hash32
	io.Writer
}

func newChecksums() *checksums {
	c := &checksums{sha: sha256.New(), crc: crc32.New(castagnoli)}
	c.Writer = io.MultiWriter(c.sha, c.crc)
	return c
}

func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// unharmed reads a stored file and reports whether it is still what its entry
// says. One that cannot be read is not.
func (e *Entry) unharmed(ctx context.Context, name string) bool {
	file, err := openFile(name)
	if err != nil {
		return false
	}
	defer file.Close() //nolint:errcheck // only read from
	sum, want := sha256.New(), e.SHA256
	if e.CRC32C != "" {
		sum, want = crc32.New(castagnoli), e.CRC32C
	}
	n, err := transfer(ctx, sum, file, func(int64) {})
	return err == nil && n == e.Size && sumOf(sum) == want
}
