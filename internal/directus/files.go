package directus

import (
	"context"
	"fmt"
	"iter"
)

// File is a row of directus_files.
type File struct {
	ID      string
	Storage string // the name of the storage location
	Disk    string // the name in it; empty for a file that was never stored
	Size    int64  // bytes; -1 where the database does not say
}

// ReadFiles yields the stored files. An error ends the sequence and is yielded
// with a zero File.
func ReadFiles(ctx context.Context, db Database) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		stopped := fmt.Errorf("stopped")
		err := eachRow(ctx, db, "directus_files", []string{"id", "storage", "filename_disk", "filesize"}, func(r row) error {
			file := File{ID: r.text("id"), Storage: r.text("storage"), Disk: r.text("filename_disk"), Size: -1}
			if size, ok := r.number("filesize"); ok {
				file.Size = size
			}
			if !yield(file, nil) {
				return stopped
			}
			return nil
		})
		if err != nil && err != stopped { //nolint:errorlint // the very value
			yield(File{}, fmt.Errorf("reading directus_files: %w", err))
		}
	}
}
