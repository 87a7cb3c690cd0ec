package steps

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// record is the data of a journal line that keeps a slot's value.
type record struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
	// Exact is the SHA-256 of the value where secrets were taken out of the
	// one above. A weak password is a common word and may stand in a path that
	// a resumed run needs, so the value as it was is kept in a file beside the
	// journal, for the owner only.
	Exact string `json:"exact,omitempty"`
}

func exactPath(dir, digest string) string { return filepath.Join(dir, "records", digest+".json") }

// keepExact keeps a value on the disk under its digest.
func keepExact(dir string, value []byte) (digest string, err error) {
	sum := sha256.Sum256(value)
	digest = hex.EncodeToString(sum[:])
	path := exactPath(dir, digest)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("making the folder of records: %w", err)
	}
	if err := renameio.WriteFile(path, value, 0o600, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return "", fmt.Errorf("writing a record: %w", err)
	}
	return digest, syncDir(filepath.Dir(path))
}

// recordOf reads the record of a journal line. A line whose exact value is
// lost or was changed has none.
func recordOf(line Line) (record, bool) {
	var r record
	if line.Event != entryRecord || json.Unmarshal(line.Data, &r) != nil {
		return r, false
	}
	if r.Exact == "" {
		return r, true
	}
	value, err := os.ReadFile(exactPath(line.dir, r.Exact))
	sum := sha256.Sum256(value)
	if err != nil || hex.EncodeToString(sum[:]) != r.Exact {
		r.Value = nil
		return r, true
	}
	r.Value = value
	return r, true
}

// learnedOf is the event that told of a record when it was made: without
// secrets.
func learnedOf(line Line) Learned {
	var r record
	_ = json.Unmarshal(line.Data, &r)
	return Learned{Step: line.Step, Key: r.Key, Value: r.Value}
}
