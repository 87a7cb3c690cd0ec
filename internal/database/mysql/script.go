package mysql

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// script reads a dump for the client, and leaves out or changes what must not
// get into a copy as it is: events stay disabled, and with as set, what names
// the schema of the dump names another one.
type script struct {
	// as is the schema that is named instead of the dump's own.
	as string
	// foreign says that the client is not MariaDB's, which alone knows the mark
	// that MariaDB's dump tool puts in front.
	foreign bool
	// live lets events take place at once.
	live bool

	file    *os.File
	size    int64
	at      atomic.Int64 // how much of the file is read
	decoder *zstd.Decoder
	lines   *bufio.Reader

	out      []byte // not yet handed out
	begun    bool
	midline  bool // the last piece was no whole line
	programs bool // the mark has gone by
	own      *qualifier
	views    bool // views name no schema that another name belongs to
	sum      uint32
	whole    bool // the end of a dump has gone by
	enable   []string
}

var errCutOff = errors.New("it has no end that goes with what is before it")

func openScript(path string) (*script, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the dump: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the dump: %w", err), file.Close())
	}
	s := &script{file: file, size: info.Size()}
	s.decoder, err = zstd.NewReader(&counted{from: file, n: &s.at}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the dump: %w", err), file.Close())
	}
	s.lines = bufio.NewReaderSize(s.decoder, 256<<10)
	return s, nil
}

func (s *script) close() {
	s.decoder.Close()
	_ = s.file.Close()
}

func (s *script) progress(report progress.Reporter) {
	report.Progress("database", progress.Bytes, s.at.Load(), s.size)
}

type counted struct {
	from io.Reader
	n    *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Read implements io.Reader.
func (s *script) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// next takes the next line, or a piece of a long one.
func (s *script) next() error {
	piece, err := s.lines.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		if !errors.Is(err, io.EOF) {
			return damagedDump(err)
		}
		if len(piece) == 0 {
			if !s.whole {
				return damagedDump(errCutOff)
			}
			return io.EOF
		}
	}
	start := !s.midline
	s.midline = piece[len(piece)-1] != '\n'
	s.out = piece
	if start {
		s.out = s.line(piece)
	} else if s.own != nil && s.programs && !s.views {
		s.out = []byte(s.own.replace(string(piece), quote(s.as)+"."))
	}
	s.sum = crc32.Update(s.sum, castagnoli, piece)
	return nil
}

// rest reads what is left of a dump, and reports damage.
func (s *script) rest(ctx context.Context) error {
	buffer := make([]byte, 256<<10)
	for ctx.Err() == nil {
		if _, err := s.Read(buffer); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func damagedDump(err error) error {
	return fault.Wrap(err, "the dump is damaged or cut off", "verify the backup, or take another one")
}

// sandboxLine begins a dump of MariaDB's tool.
var sandboxLine = []byte("/*M!999999")

// line looks at the beginning of a line.
func (s *script) line(line []byte) []byte {
	if !s.begun {
		s.begun = true
		if s.foreign && bytes.HasPrefix(line, sandboxLine) {
			return nil
		}
	}
	text := strings.TrimSuffix(string(line[:min(len(line), 1024)]), "\n")
	// What follows the end of the tool's part must have an end, too.
	s.whole = s.whole && strings.TrimSpace(text) == ""
	switch {
	case strings.HasPrefix(text, "-- Dump completed"):
		s.whole = true
		return line
	case strings.HasPrefix(text, markPrograms):
		s.programs = true
		if name := unquote(strings.TrimPrefix(text, markPrograms)); s.as != "" && s.as != name {
			s.own = qualified(name)
		}
		return line
	case s.programs && (text == markViews || text == markOthers):
		s.views = text == markViews
		return line
	case s.programs && strings.HasPrefix(text, markName):
		if s.own != nil {
			s.own.add(unquote(strings.TrimPrefix(text, markName)))
		}
		return line
	case strings.HasPrefix(text, markEnd):
		s.whole = text == endLine(s.sum)
	case text == markEarlierEnd:
		s.whole = true
	case s.programs && strings.HasSuffix(text, markEnable):
		if !s.live {
			s.enable = append(s.enable, strings.TrimSuffix(strings.TrimSuffix(text, markEnable), ";"))
			return nil
		}
	}
	if s.programs && s.own != nil && !s.views {
		return []byte(s.own.replace(string(line), quote(s.as)+"."))
	}
	return line
}
