package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/google/renameio/v2"

	"bunnyhop/internal/durable"
)

// noDigest stands in the manifest while its digest is computed.
var noDigest = strings.Repeat("0", hex.EncodedLen(sha256.Size))

// write stores the manifest in dir: temporary file, flush, rename.
func (m *Manifest) write(dir string) error {
	if err := m.replace(filepath.Join(dir, manifestName)); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return durable.Folder(dir)
}

func (m *Manifest) replace(name string) error {
	file, err := renameio.NewPendingFile(name, renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer file.Cleanup() //nolint:errcheck // after the rename there is nothing left
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, sum), 64<<10)
	at, err := m.encode(out)
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	m.Digest = digestOf(sum).String()
	if _, err := file.WriteAt([]byte(m.Digest), at); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// encode writes the manifest without its digest, and returns where that
// belongs. Entries are written one by one, a line each, so that the text of a
// backup of many files is never in memory as a whole.
func (m *Manifest) encode(to *bufio.Writer) (at int64, err error) {
	head := *m
	head.Digest, head.Parts = noDigest, nil
	text, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return 0, err
	}
	// Only a number comes before the digest, so the first match is it. The
	// parts come last.
	at = int64(bytes.Index(text, []byte(noDigest)))
	text, _ = bytes.CutSuffix(text, []byte("null\n}"))
	text = append(text, '[')
	for i := range m.Parts {
		if i > 0 {
			text = append(text, ',')
		}
		if _, err := to.Write(append(text, '\n')); err != nil {
			return 0, err
		}
		text = nil
		if err := m.Parts[i].encode(to); err != nil {
			return 0, err
		}
	}
	_, err = to.Write(append(text, "]\n}"...))
	return at, err
}

// line is an entry as the manifest has it: a name that JSON cannot hold, for it
// is not valid UTF-8, is there as bytes too.
type line struct {
	*Entry
	RawPath   []byte `json:"raw_path,omitempty"`
	RawTarget []byte `json:"raw_target,omitempty"`
}

func lineOf(e *Entry) line {
	l := line{Entry: e}
	if !utf8.ValidString(e.Path) {
		l.RawPath = []byte(e.Path)
	}
	if !utf8.ValidString(e.Target) {
		l.RawTarget = []byte(e.Target)
	}
	return l
}

// encode writes a part, its entries last.
func (p *PartInfo) encode(to *bufio.Writer) error {
	head := *p
	head.Entries = nil
	text, err := json.Marshal(head)
	if err != nil || len(p.Entries) == 0 {
		if err == nil {
			_, err = to.Write(text)
		}
		return err
	}
	if _, err := to.Write(append(text[:len(text)-1], `,"entries":[`+"\n"...)); err != nil {
		return err
	}
	lines := json.NewEncoder(to)
	for i := range p.Entries {
		if i > 0 {
			if err := to.WriteByte(','); err != nil {
				return err
			}
		}
		if err := lines.Encode(lineOf(&p.Entries[i])); err != nil {
			return err
		}
	}
	_, err = to.WriteString("]}")
	return err
}
