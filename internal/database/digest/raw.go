package digest

import "crypto/sha256"

// tagRaw marks a row in an encoding of the database's own.
const tagRaw = 5

// AddRaw counts one row in that the database itself encoded. The encoding
// must tell where each value ends and tell NULL from an empty value, as
// PostgreSQL's binary COPY does. The row is not kept.
func (r *Rows) AddRaw(row []byte) {
	r.count++
	r.buf = append(r.buf[:r.prefix], tagRaw)
	if len(r.buf)+len(row) <= flushAt {
		r.buf = append(r.buf, row...)
		r.plus(sha256.Sum256(r.buf))
		return
	}
	r.long.Reset()
	r.long.Write(r.buf)
	r.long.Write(row)
	var sum [sha256.Size]byte
	r.long.Sum(sum[:0])
	r.plus(sum)
}
