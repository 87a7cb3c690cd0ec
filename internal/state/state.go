// Package state knows where bunnyhop keeps what it must remember, following
// the XDG base directory specification. Nothing of it lies inside a project.
package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Dir is the folder of runs and locks: $XDG_STATE_HOME/bunnyhop.
func Dir() (string, error) { return base("XDG_STATE_HOME", ".local/state") }

// CacheDir is the folder of what can be fetched or made again: Node builds,
// registry answers, staged trees. $XDG_CACHE_HOME/bunnyhop.
func CacheDir() (string, error) { return base("XDG_CACHE_HOME", ".cache") }

// DataDir is the folder of what must be kept: backups.
// $XDG_DATA_HOME/bunnyhop.
func DataDir() (string, error) { return base("XDG_DATA_HOME", ".local/share") }

func base(variable, fallback string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "bunnyhop"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home folder for %s: %w", variable, err)
	}
	return filepath.Join(home, fallback, "bunnyhop"), nil
}

// ProjectID names a project root in folder names: the root's last element,
// made safe, and the first 10 hex digits of the SHA-256 of its real path.
func ProjectID(root string) (string, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", root, err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	sum := sha256.Sum256([]byte(abs))
	return safeName(filepath.Base(abs)) + "-" + hex.EncodeToString(sum[:5]), nil
}

// maxName leaves room, in a file name of 255 bytes, for what is put behind it.
const maxName = 100

func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, name)
	safe = strings.TrimLeft(safe, ".")
	if len(safe) > maxName {
		safe = safe[:maxName] // every byte is a character here
	}
	if safe == "" {
		return "project"
	}
	return safe
}

// ProjectDir is the folder of one project's runs and lock.
func ProjectDir(root string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	id, err := ProjectID(root)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "projects", id), nil
}

// BackupsDir is the default folder of one project's backups.
func BackupsDir(root string) (string, error) {
	dir, err := DataDir()
	if err != nil {
		return "", err
	}
	id, err := ProjectID(root)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "backups", id), nil
}
