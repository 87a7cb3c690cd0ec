// Package digest makes digests of rows that do not depend on their order.
//
// A row is encoded column by column, each value with its type and length, and
// hashed with SHA-256; the digest of a table is the sum of its rows' hashes
// modulo 2^256. Adding keeps duplicates visible, which exclusive-or would
// cancel out.
package digest

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"math/bits"
)

// flushAt is the size of the encoding buffer in bytes. A row that fits is
// hashed in one go; a longer one is fed to the hash in pieces, so that a
// large value is never held twice.
const flushAt = 64 << 10

// The tags of the types. They are part of stored fingerprints: never reorder.
const (
	tagNull    = 0
	tagInteger = 1
	tagReal    = 2
	tagText    = 3
	tagBlob    = 4
)

// Rows sums up the rows of one table. The zero value is not usable.
type Rows struct {
	count  int64
	sum    [4]uint64 // little endian limbs
	buf    []byte
	prefix int // length of the hash of the column names at the start of buf
	long   hash.Hash
	inLong bool
}

// New returns an empty digest for rows whose values come in the order of
// columns. The caller sorts columns by name, so that the order of columns in
// the table does not matter.
func New(columns []string) *Rows {
	var names []byte
	for _, name := range columns {
		names = binary.AppendUvarint(names, uint64(len(name)))
		names = append(names, name...)
	}
	sum := sha256.Sum256(names)
	r := &Rows{buf: make([]byte, 0, flushAt), long: sha256.New(), prefix: len(sum)}
	r.buf = append(r.buf, sum[:]...)
	return r
}

// Add counts one row in. Values are nil, int64, float64, string or []byte.
func (r *Rows) Add(values []driver.Value) error {
	r.buf = r.buf[:r.prefix]
	r.inLong = false
	for i, value := range values {
		switch v := value.(type) {
		case nil:
			r.buf = append(r.buf, tagNull)
		case int64:
			r.buf = append(r.buf, tagInteger)
			r.buf = binary.LittleEndian.AppendUint64(r.buf, uint64(v)) //nolint:gosec // the bits are wanted
		case float64:
			r.buf = append(r.buf, tagReal)
			r.buf = binary.LittleEndian.AppendUint64(r.buf, math.Float64bits(v))
		case string:
			r.buf = append(r.buf, tagText)
			appendBytes(r, v)
		case []byte:
			r.buf = append(r.buf, tagBlob)
			appendBytes(r, v)
		default:
			return fmt.Errorf("column %d has a value of type %T, which has no digest", i+1, value)
		}
		if len(r.buf) >= flushAt {
			r.flush()
		}
	}
	r.count++
	if !r.inLong {
		r.plus(sha256.Sum256(r.buf))
		return nil
	}
	r.flush()
	var sum [sha256.Size]byte
	r.long.Sum(sum[:0])
	r.plus(sum)
	return nil
}

// appendBytes adds a length and the bytes, flushing whenever the buffer is
// full.
func appendBytes[T string | []byte](r *Rows, v T) {
	r.buf = binary.AppendUvarint(r.buf, uint64(len(v)))
	for len(r.buf)+len(v) > flushAt {
		n := max(flushAt-len(r.buf), 0)
		r.buf = append(r.buf, v[:n]...)
		v = v[n:]
		r.flush()
	}
	r.buf = append(r.buf, v...)
}

// flush moves the buffer into the long hash. The hash of the column names at
// its start stays for the next row; only what follows it is reused.
func (r *Rows) flush() {
	if !r.inLong {
		r.long.Reset()
		r.long.Write(r.buf)
		r.inLong = true
	} else {
		r.long.Write(r.buf[r.prefix:])
	}
	r.buf = r.buf[:r.prefix]
}

func (r *Rows) plus(hash [sha256.Size]byte) {
	var carry uint64
	for i := range r.sum {
		r.sum[i], carry = bits.Add64(r.sum[i], binary.LittleEndian.Uint64(hash[i*8:]), carry)
	}
}

// Count is the number of rows added.
func (r *Rows) Count() int64 { return r.count }

// Sum is the digest in hex.
func (r *Rows) Sum() string {
	var out [32]byte
	for i, limb := range r.sum {
		binary.LittleEndian.PutUint64(out[i*8:], limb)
	}
	return hex.EncodeToString(out[:])
}
