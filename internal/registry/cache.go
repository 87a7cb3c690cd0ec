package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// cacheFormat changes when what is kept of a document changes, so that an
// older file is asked for again instead of lacking something.
const cacheFormat = 2

// cached is a document on disk: the parts of it that this package knows.
type cached struct {
	Format   int       `json:"format"`
	Registry string    `json:"registry"`
	ETag     string    `json:"etag,omitempty"`
	Fetched  time.Time `json:"fetched"`
	Package  *Package  `json:"package"`
}

// cachePath keeps two registries' answers apart: a private registry may have
// other packages under the same names.
func (c *Client) cachePath(registry, name string) string {
	sum := sha256.Sum256([]byte(registry))
	return filepath.Join(c.cacheDir, hex.EncodeToString(sum[:6]), strings.ReplaceAll(name, "/", "+")+".json")
}

// readCache returns what is kept, or nil. A file that cannot be read is as
// good as none: the registry has it.
func (c *Client) readCache(registry, name string) *cached {
	data, err := os.ReadFile(c.cachePath(registry, name))
	if err != nil {
		return nil
	}
	var kept cached
	if json.Unmarshal(data, &kept) != nil || kept.Format != cacheFormat || kept.Package == nil {
		return nil
	}
	return &kept
}

// writeCache keeps an answer. Failing to is no fault of the answer, so it is
// not reported.
func (c *Client) writeCache(registry, name string, answer *cached) {
	answer.Format, answer.Registry = cacheFormat, redact(registry)
	data, err := json.Marshal(answer)
	if err != nil {
		return
	}
	path := c.cachePath(registry, name)
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	_ = renameio.WriteFile(path, data, 0o600)
}
