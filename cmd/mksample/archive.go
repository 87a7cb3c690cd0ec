package main

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/zstd"
	_ "github.com/mattn/go-sqlite3" // the driver

	"bunnyhop/internal/process"
)

// writeLockfile lets npm write the project's lockfile. It starts from the
// tree's own, so that the versions are the ones the sample was made with.
func writeLockfile(ctx context.Context, npm, tree, dir string) error {
	lock, err := os.ReadFile(filepath.Join(tree, "package-lock.json")) //nolint:gosec // the caller names the tree
	if err != nil {
		return fmt.Errorf("reading the tree's lockfile: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), lock, 0o600); err != nil { //nolint:gosec // a folder of this program's own
		return fmt.Errorf("writing the lockfile: %w", err)
	}
	err = process.Run(ctx, process.Spec{
		Path: npm, Dir: dir, Env: os.Environ(),
		// Without the packages' addresses the lockfile holds for any registry.
		Args: []string{"install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit", "--no-fund"},
	})
	if err != nil {
		return fmt.Errorf("writing the lockfile: %w", withOutput(err))
	}
	return nil
}

// compact makes the database one small file and checks it.
func compact(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer db.Close() //nolint:errcheck // the checks below have read it
	for _, statement := range []string{"PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode=DELETE", "VACUUM"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("compacting the database: %s: %w", statement, err)
		}
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("checking the database: %s", verdict)
	}
	return nil
}

// archived lists what goes into the archive, a folder with all that it holds.
var archived = []string{"package.json", "package-lock.json", "data.db", "uploads", "extensions"}

// pack writes the archive and returns its size in bytes. Equal files give an
// equal archive: names are sorted, times and owners are left out.
func pack(dir, out string) (int, error) {
	var archive bytes.Buffer
	compressor, err := zstd.NewWriter(&archive, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	writer := tar.NewWriter(compressor)
	for _, name := range archived {
		err := fs.WalkDir(os.DirFS(dir), name, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return add(writer, dir, name, entry)
		})
		if err != nil {
			return 0, fmt.Errorf("packing %s: %w", name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return 0, fmt.Errorf("packing: %w", err)
	}
	if err := compressor.Close(); err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	if err := renameio.WriteFile(out, archive.Bytes(), 0o644); err != nil {
		return 0, fmt.Errorf("writing %s: %w", out, err)
	}
	return archive.Len(), nil
}

func add(writer *tar.Writer, dir, name string, entry fs.DirEntry) error {
	if entry.IsDir() {
		return writer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: time.Unix(0, 0)})
	}
	content, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a name that the walk found
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(0, 0)}
	if err := writer.WriteHeader(header); err != nil {
		return err
	}
	_, err = writer.Write(content)
	return err
}
