package systemschema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
)

// Format is the version of the catalogue's form, and of what Normalize makes:
// a catalogue of another one cannot be compared with.
const Format = 1

// Catalogue says how the system tables look after each migration.
type Catalogue struct {
	Format int    `json:"format"`
	Made   string `json:"made"` // the day
	// Directus are the versions whose migrations were run, oldest first.
	Directus []string `json:"directus"`
	// Servers are the versions of the database servers they ran on.
	Servers map[database.Vendor]string `json:"servers"`
	// Migrations are all ids in order. A place in this list plus one is a level;
	// level 0 is a new installation before its first migration.
	Migrations []string `json:"migrations"`
	// Since is the id of the oldest version's last migration. Before it, only
	// code older than any that was run has made a project's tables.
	Since string `json:"since"`
	// Histories tell of each object of each table what became of it, by vendor,
	// table and name.
	Histories map[database.Vendor]map[string]map[string][]Change `json:"histories"`
}

// Change is what an object is from a level on.
type Change struct {
	Level int `json:"l"`
	// Accepted are its definitions, sorted: more than one where it depends on the
	// version that set the project up. An empty one means that it is not there.
	Accepted []string `json:"a"`
}

//go:embed catalogue.json.zst
var embedded []byte

// Embedded is the catalogue of this program.
var Embedded = sync.OnceValue(func() *Catalogue {
	c, err := Decode(embedded)
	if err != nil {
		panic("systemschema: " + err.Error())
	}
	return c
})

// Decode reads what Encode wrote.
func Decode(packed []byte) (*Catalogue, error) {
	reader, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("unpacking the catalogue: %w", err)
	}
	defer reader.Close()
	var c Catalogue
	if err := json.NewDecoder(reader).Decode(&c); err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	if c.Format != Format {
		return nil, fmt.Errorf("the catalogue has format %d instead of %d", c.Format, Format)
	}
	return &c, nil
}

// Encode packs a catalogue.
func (c *Catalogue) Encode() ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing the catalogue: %w", err)
	}
	writer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("packing the catalogue: %w", err)
	}
	return writer.EncodeAll(text, nil), nil
}

// migration is the id that leads to a level, "" for level 0.
func (c *Catalogue) migration(level int) string {
	if level == 0 {
		return ""
	}
	return c.Migrations[level-1]
}

// now is what an object has to be when only some migrations have run, and the
// level that made it so.
func (c *Catalogue) now(history []Change, recorded map[string]bool) (accepted []string, level int) {
	accepted = []string{""}
	skipped := [][]string{}
	for _, change := range history {
		if change.Level > 0 && !recorded[c.migration(change.Level)] {
			skipped = append(skipped, change.Accepted)
			continue
		}
		// A later migration that ran before an earlier one: what came out is not
		// told by the catalogue, whose migrations ran in order.
		for _, other := range skipped {
			accepted = append(accepted, other...)
		}
		if len(skipped) == 0 {
			accepted = nil
		}
		accepted, level = append(slices.Clone(accepted), change.Accepted...), change.Level
	}
	slices.Sort(accepted)
	return slices.Compact(accepted), level
}
