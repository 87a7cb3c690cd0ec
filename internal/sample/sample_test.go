package sample

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"image"
	_ "image/jpeg" // pictures of the sample
	_ "image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/mattn/go-sqlite3" // the driver
)

// unpacked is a fresh sample in a folder that did not exist.
func unpacked(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo", "newsroom")
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "data.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// list reads the first column of all rows.
func list(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close() //nolint:errcheck // Err is looked at
	values := []string{}
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return values
}

func number(t *testing.T, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestFiles(t *testing.T) {
	dir := unpacked(t)
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Dir(name) != "uploads" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		".env", "data.db",
		"extensions/directus-extension-reading-time/index.js", "extensions/directus-extension-reading-time/package.json",
		"package-lock.json", "package.json",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error("files (-want +got):\n" + diff)
	}
	if info, err := os.Stat(filepath.Join(dir, ".env")); err != nil || info.Mode() != 0o600 {
		t.Errorf(".env: %v, %v", info.Mode(), err)
	}
}

func TestPackageFiles(t *testing.T) {
	dir := unpacked(t)
	type manifest struct {
		Name         string            `json:"name"`
		Scripts      map[string]string `json:"scripts"`
		Dependencies map[string]string `json:"dependencies"`
	}
	var got manifest
	readJSON(t, filepath.Join(dir, "package.json"), &got)
	want := manifest{"newsroom", map[string]string{"start": "directus start"}, map[string]string{"directus": Version}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("package.json (-want +got):\n" + diff)
	}

	var lock struct {
		Name     string `json:"name"`
		Packages map[string]struct {
			Version      string            `json:"version"`
			Integrity    string            `json:"integrity"`
			Resolved     string            `json:"resolved"`
			Dependencies map[string]string `json:"dependencies"`
		} `json:"packages"`
	}
	readJSON(t, filepath.Join(dir, "package-lock.json"), &lock)
	if diff := cmp.Diff(want.Dependencies, lock.Packages[""].Dependencies); diff != "" || lock.Name != "newsroom" {
		t.Errorf("lockfile of %q (-want +got):\n%s", lock.Name, diff)
	}
	if got := lock.Packages["node_modules/directus"].Version; got != Version {
		t.Errorf("locked directus is %q", got)
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%s is tied to %s", name, p.Resolved)
		}
		if name != "" && p.Integrity == "" {
			t.Errorf("%s has no integrity", name)
		}
	}

	var extension struct {
		Directus struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"directus:extension"`
	}
	folder := filepath.Join(dir, "extensions", "directus-extension-reading-time")
	readJSON(t, filepath.Join(folder, "package.json"), &extension)
	if _, err := os.Stat(filepath.Join(folder, extension.Directus.Path)); err != nil || extension.Directus.Type != "endpoint" {
		t.Errorf("extension of type %q: %v", extension.Directus.Type, err)
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // a file of the test
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestPictures(t *testing.T) {
	dir := unpacked(t)
	rows, err := open(t, dir).QueryContext(t.Context(), "SELECT filename_disk, filesize, width, height, folder FROM directus_files WHERE storage = 'local'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // Err is looked at
	known, folders := map[string]bool{}, map[string]bool{}
	for rows.Next() {
		var name, folder string
		var size int64
		var width, height int
		if err := rows.Scan(&name, &size, &width, &height, &folder); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, "uploads", name)) //nolint:gosec // a file of the test
		if err != nil {
			t.Fatal(err)
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if int64(len(content)) != size || config.Width != width || config.Height != height {
			t.Errorf("%s: %d bytes, %d×%d; the database says %d bytes, %d×%d", name, len(content), config.Width, config.Height, size, width, height)
		}
		known[name], folders[folder] = true, true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(known) != 5 || len(folders) != 2 {
		t.Errorf("%d files in %d folders", len(known), len(folders))
	}
	entries, err := os.ReadDir(filepath.Join(dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("uploads/%s is in no row", entry.Name())
		}
	}
}
