package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
)

// contentsMost is more than any manifest or index has, in bytes.
const contentsMost = 2 << 30

// contents is what the manifest object holds.
type contents struct {
	manifest []byte // the backup's manifest.json, byte by byte
	pieces   pieceMap
}

// pieceMap tells of each file's content, by its SHA-256, which pieces
// hold it, in order.
type pieceMap map[backup.Digest][]filePiece

// filePiece is a piece of a file: where it is stored, and the digest of what
// it must hold.
type filePiece struct {
	name   pieceName
	digest backup.Digest
}

func (p filePiece) MarshalText() ([]byte, error) {
	if p.name == pieceName(p.digest) {
		return []byte(p.name.String()), nil
	}
	return []byte(p.name.String() + " " + p.digest.String()), nil
}

func (p *filePiece) UnmarshalText(text []byte) error {
	name, digest, two := strings.Cut(string(text), " ")
	if !two {
		digest = name
	}
	var err error
	if p.name, err = parseName(name); err == nil {
		p.digest, err = backup.ParseDigest(digest)
	}
	if err != nil {
		return errors.New("a piece has no name")
	}
	return nil
}

func (c *contents) encode() ([]byte, error) {
	pieces, err := json.Marshal(c.pieces)
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	data := binary.AppendUvarint(make([]byte, 0, len(c.manifest)+len(pieces)+binary.MaxVarintLen64), uint64(len(c.manifest)))
	return append(append(data, c.manifest...), pieces...), nil
}

func parseContents(data []byte) (*contents, error) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) { //nolint:gosec // n is at most len(data)
		return nil, errors.New("it is cut short")
	}
	c := &contents{manifest: data[n : n+int(size)]}                       //nolint:gosec // not more than len(data)
	if err := json.Unmarshal(data[n+int(size):], &c.pieces); err != nil { //nolint:gosec // the same
		return nil, err
	}
	return c, nil
}

// readContents reads the manifest object of a backup.
func readContents(ctx context.Context, store Store, s *Summary, identities keys.Identities) (*contents, error) {
	data, err := readSealed(ctx, store, s.ID, s.Manifest)
	if err != nil {
		return nil, err
	}
	plain, err := open(s.Manifest.Key, data, identities, contentsMost)
	if err != nil {
		return nil, needKey(s, err)
	}
	c, err := parseContents(plain)
	if err != nil {
		return nil, damaged(s.ID, backup.BadFile{Path: s.Manifest.Key, Problem: "cannot be used: " + err.Error()})
	}
	return c, nil
}

// readSealed reads a manifest or index object and checks what is stored.
func readSealed(ctx context.Context, store Store, id string, sealed Sealed) ([]byte, error) {
	data, err := readObject(ctx, store, sealed.Key, contentsMost)
	switch {
	case missing(err):
		return nil, damaged(id, backup.BadFile{Path: sealed.Key, Problem: "is missing"})
	case err != nil:
		return nil, fmt.Errorf("reading %s from the bucket: %w", sealed.Key, err)
	case int64(len(data)) != sealed.Size:
		return nil, damaged(id, backup.BadFile{Path: sealed.Key, Problem: fmt.Sprintf("has %d bytes instead of %d", len(data), sealed.Size)})
	}
	if err := intact(sealed.Key, data); err != nil {
		return nil, damaged(id, backup.BadFile{Path: sealed.Key, Problem: err.Error()})
	}
	return data, nil
}

// index tells which pieces a backup needs, and their sizes as they are stored.
// It is never encrypted: names tell nothing, and without it nobody could clean
// up or verify without the private key.
type index map[pieceName]int64

func (x index) encode() []byte {
	names := make([]pieceName, 0, len(x))
	for name := range x {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b pieceName) int { return bytes.Compare(a[:], b[:]) })
	var out bytes.Buffer
	for _, name := range names {
		out.WriteString(name.String() + " " + strconv.FormatInt(x[name], 10) + "\n")
	}
	return out.Bytes()
}

func parseIndex(data []byte) (index, error) {
	x := index{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		text, size, _ := strings.Cut(lines.Text(), " ")
		name, err := parseName(text)
		bytes, sizeErr := strconv.ParseInt(size, 10, 64)
		if err != nil || sizeErr != nil || bytes < 0 || bytes > pieceMost {
			return nil, fmt.Errorf("the line %.80q makes no sense", lines.Text())
		}
		x[name] = bytes
	}
	return x, lines.Err()
}

// pieceMost is more than a stored piece has, in bytes: every recipient adds to
// it.
const pieceMost = pieceSize + 1<<20

func readIndex(ctx context.Context, store Store, s *Summary) (index, error) {
	data, err := readSealed(ctx, store, s.ID, s.Index)
	if err != nil {
		return nil, err
	}
	plain, err := open(s.Index.Key, data, keys.Identities{}, contentsMost)
	if err != nil {
		return nil, damaged(s.ID, backup.BadFile{Path: s.Index.Key, Problem: "cannot be used: " + err.Error()})
	}
	x, err := parseIndex(plain)
	if err != nil {
		return nil, damaged(s.ID, backup.BadFile{Path: s.Index.Key, Problem: "cannot be used: " + err.Error()})
	}
	return x, nil
}

// stored lists the pieces in the bucket.
func stored(ctx context.Context, store Store) (index, error) {
	x := index{}
	for object, err := range store.List(ctx, dataPrefix) {
		if err != nil {
			return nil, fmt.Errorf("listing what is in the bucket: %w", err)
		}
		if name, ok := parsePiece(object.Key); ok {
			x[name] = object.Size
		}
	}
	return x, nil
}

// lacks lists what of an index is not there. A piece of another size is read:
// one that was damaged may have been stored again since, by a version that
// compresses otherwise.
func (x index) lacks(ctx context.Context, store Store, there index) ([]backup.BadFile, error) {
	var bad []backup.BadFile
	for name, size := range x {
		problem := ""
		switch got, ok := there[name]; {
		case !ok:
			problem = "is missing"
		case got != size:
			object, err := readObject(ctx, store, name.key(), pieceMost)
			if err != nil && !missing(err) {
				return nil, fmt.Errorf("reading %s from the bucket: %w", name.key(), err)
			}
			if err != nil || intact(name.key(), object) != nil {
				problem = fmt.Sprintf("has %d bytes instead of %d", got, size)
			}
		}
		if problem != "" {
			bad = append(bad, backup.BadFile{Path: name.key(), Problem: problem})
		}
	}
	slices.SortFunc(bad, func(a, b backup.BadFile) int { return strings.Compare(a.Path, b.Path) })
	return bad, nil
}

// Look checks a backup without reading its contents: the summary, the manifest
// and the index are intact, and every piece is there with its size.
func Look(ctx context.Context, store Store, id string) (*Summary, error) {
	s, err := Read(ctx, store, id)
	if err != nil {
		return nil, err
	}
	if _, err := readSealed(ctx, store, id, s.Manifest); err != nil {
		return nil, err
	}
	needs, err := readIndex(ctx, store, s)
	if err != nil {
		return nil, err
	}
	there, err := stored(ctx, store)
	if err != nil {
		return nil, err
	}
	bad, err := needs.lacks(ctx, store, there)
	if err != nil {
		return nil, err
	}
	if len(bad) > 0 {
		return nil, damaged(id, bad...)
	}
	return s, nil
}
