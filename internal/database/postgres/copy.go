package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"

	"bunnyhop/internal/database/digest"
)

// copySignature begins a stream of COPY … (FORMAT binary) (PostgreSQL
// documentation, COPY, "Binary Format").
var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

// copyHeader is the length of the signature, the flags, and the length of the
// header's extension.
const copyHeader = 11 + 4 + 4

// rowSplitter takes such a stream and counts its rows into a digest. Each row
// is a number of fields, then each field's length (-1 is NULL) and bytes.
type rowSplitter struct {
	sum   *digest.Rows
	each  func(bytes int)
	rest  []byte // an incomplete row; the server sends whole ones, a pooler may not
	begun bool
	ended bool
}

var errCopyForm = errors.New("the stream of rows has an unexpected form")

func (s *rowSplitter) Write(p []byte) (int, error) {
	data := p
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		data = s.rest
	}
	done := 0
	if !s.begun {
		n, err := headerLength(data)
		if err != nil {
			return 0, err
		}
		done, s.begun = n, n > 0
	}
	for s.begun && !s.ended {
		n, last, err := rowLength(data[done:])
		if err != nil {
			return 0, err
		}
		if s.ended = last; n == 0 || last {
			break
		}
		s.sum.AddRaw(data[done : done+n])
		s.each(n)
		done += n
	}
	s.rest = append(s.rest[:0], data[done:]...)
	return len(p), nil
}

// close reports a stream that was cut off.
func (s *rowSplitter) close() error {
	if !s.ended {
		return errCopyForm
	}
	return nil
}

// headerLength is the length of the header, or 0 if it is incomplete.
func headerLength(data []byte) (int, error) {
	if len(data) < copyHeader {
		return 0, nil
	}
	if !bytes.HasPrefix(data, copySignature) {
		return 0, errCopyForm
	}
	n := copyHeader + int(binary.BigEndian.Uint32(data[copyHeader-4:]))
	if len(data) < n {
		return 0, nil
	}
	return n, nil
}

// rowLength is the length of the row that data begins with, or 0 if it is
// incomplete. The last row is a mark.
func rowLength(data []byte) (n int, last bool, err error) {
	if len(data) < 2 {
		return 0, false, nil
	}
	fields := int(int16(binary.BigEndian.Uint16(data))) //nolint:gosec // it is signed
	if fields == -1 {
		return 2, true, nil
	}
	if fields < 0 {
		return 0, false, errCopyForm
	}
	n = 2
	for range fields {
		if len(data) < n+4 {
			return 0, false, nil
		}
		length := int(int32(binary.BigEndian.Uint32(data[n:]))) //nolint:gosec // it is signed
		n += 4
		if length < -1 {
			return 0, false, errCopyForm
		}
		n += max(length, 0)
	}
	if len(data) < n {
		return 0, false, nil
	}
	return n, false, nil
}
