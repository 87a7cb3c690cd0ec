package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// headSize is more than there is before the end of the digest, in bytes.
const headSize = 512

// digestForm is the beginning of a manifest.
var digestForm = regexp.MustCompile(`^\{\s*"format":\s*\d+,\s*"digest":\s*"([0-9a-f]{64})"`)

// decode reads a manifest and compares its digest. It is read as it comes, so
// that the text of a backup of many files is never in memory as a whole.
func decode(from io.Reader) (*Manifest, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(from, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	at := digestForm.FindSubmatchIndex(head)
	if at == nil {
		return nil, errors.New("it has no digest")
	}
	digest := string(head[at[2]:at[3]])
	copy(head[at[2]:at[3]], noDigest)
	sum := sha256.New()
	rest := io.TeeReader(io.MultiReader(bytes.NewReader(head), from), sum)
	m, err := (&decoder{Decoder: json.NewDecoder(rest), folded: map[string]string{}}).manifest()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return nil, err
	}
	if digestOf(sum).String() != digest {
		return nil, errors.New("it does not match its digest")
	}
	m.Digest = digest
	return m, nil
}

type decoder struct {
	*json.Decoder
	folded map[string]string // texts that many entries have, once
}

func (d *decoder) manifest() (*Manifest, error) {
	m := &Manifest{}
	var parts []PartInfo
	err := d.object(m, "parts", func() error {
		p := PartInfo{}
		var entries []Entry
		err := d.object(&p, "entries", func() error {
			entries = append(entries, Entry{})
			return d.entry(&entries[len(entries)-1])
		})
		p.Entries = entries
		parts = append(parts, p)
		return err
	})
	m.Parts = parts
	return m, err
}

func (d *decoder) entry(e *Entry) error {
	l := line{Entry: e}
	if err := d.Decode(&l); err != nil {
		return err
	}
	e.Type, e.From = EntryType(d.fold(string(e.Type))), d.fold(e.From)
	if l.RawPath != nil {
		e.Path = string(l.RawPath)
	}
	if l.RawTarget != nil {
		e.Target = string(l.RawTarget)
	}
	return nil
}

func (d *decoder) fold(text string) string {
	if known, ok := d.folded[text]; ok {
		return known
	}
	d.folded[text] = text
	return text
}

// object reads an object into v, but for its member list, which each reads one
// by one.
func (d *decoder) object(v any, list string, each func() error) error {
	if err := d.expect(json.Delim('{')); err != nil {
		return err
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if name == list {
			if err := d.list(each); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		members[name] = value
	}
	if err := d.expect(json.Delim('}')); err != nil {
		return err
	}
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// list reads a list, which may be null.
func (d *decoder) list(each func() error) error {
	token, err := d.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("it has %v where a list must be", token)
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return d.expect(json.Delim(']'))
}

func (d *decoder) expect(want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = fmt.Errorf("it has %v where %v must be", token, want)
	}
	return err
}
