package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote"
	"bunnyhop/steps/overview"
)

func newBackupListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the backups of this project",
		Long: `Lists the backups in the folder and, where bunnyhop.yaml names a backup_bucket, in
the bucket, and says where each is. A bucket that cannot be read is an error, after
what is here was listed.`,
		Example: `  bunnyhop backup list
  bunnyhop backup list --project /srv/blog --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBackupList(cmd.Context(), a) },
	}
}

// backupRow is a backup in `backup list --json`.
type backupRow struct {
	ID       string    `json:"id"`
	Dir      string    `json:"dir"`
	Kind     string    `json:"kind"`
	Created  time.Time `json:"created"`
	Directus string    `json:"directus"`
	Bytes    int64     `json:"bytes"`
	Parts    []string  `json:"parts"`
	Verified bool      `json:"verified"`
	Run      string    `json:"run,omitempty"`
	// Where is "here", "bucket" or "both".
	Where string `json:"where"`
	// InBucket is what the bucket holds of it.
	InBucket *bucketCopy `json:"in_bucket,omitempty"`
	// Problem says why the backup cannot be used.
	Problem string `json:"problem,omitempty"`
}

// bucketCopy is a backup's copy in the bucket.
type bucketCopy struct {
	Uploaded    time.Time `json:"uploaded"`
	StoredBytes int64     `json:"stored_bytes"`
	Encrypted   bool      `json:"encrypted"`
	Recipients  []string  `json:"recipients,omitempty"`
	Host        string    `json:"host"`
	Root        string    `json:"root"`
	Verified    bool      `json:"verified"`
}

// The places of a backup.
const (
	here     = "here"
	inBucket = "bucket"
	both     = "both"
)

// state says in a few words what the backup is worth.
func (r backupRow) state() string {
	switch {
	case r.Problem != "":
		return r.Problem
	case r.Verified:
		return "proved"
	}
	return "not proved"
}

func runBackupList(ctx context.Context, a *app) error {
	place, err := a.backupPlace()
	if err != nil {
		return err
	}
	all, err := overview.Backups(place.folder)
	if err != nil {
		return err
	}
	rows := make([]backupRow, 0, len(all))
	for _, m := range all {
		rows = append(rows, newBackupRow(m))
	}
	fields := map[string]any{"folder": place.folder}
	bucket, failure := place.bucket()
	if bucket != nil && failure == nil {
		var copies []*remote.Summary
		if copies, failure = remote.List(ctx, bucket); failure == nil {
			rows = withCopies(rows, copies)
		}
	}
	if place.settings.Bucket != nil {
		fields["bucket"] = place.settings.Bucket.String()
	}
	if a.flags.json {
		if failure != nil {
			return failure // half a list would pass for a whole one
		}
		fields["backups"] = rows
		a.writeJSON(document{"backups", fields})
		return nil
	}
	a.listBackups(place, rows)
	return failure
}

func (a *app) listBackups(place backupPlace, rows []backupRow) {
	bucket := place.settings.Bucket
	if len(rows) == 0 {
		a.printf("No backups in %s yet; make one with: bunnyhop backup%s\n", place.folder, a.projectFlag())
		return
	}
	heads := []string{"ID", "CREATED", "DIRECTUS", "KIND", "SIZE"}
	if bucket != nil {
		heads = append(heads, "WHERE")
	}
	t := newTable(append(heads, "STATE")...)
	for _, r := range rows {
		cells := []string{r.ID, when(r.Created), r.Directus, r.Kind, bytesText(r.Bytes)}
		if bucket != nil {
			cells = append(cells, r.where())
		}
		t.add(append(cells, r.state())...)
	}
	t.print(a)
	a.printf("\nIn %s\n", place.folder)
	if bucket != nil {
		a.printf("Bucket %s\n", a.oneLine(bucket.String()))
	}
}

func (r backupRow) where() string {
	if r.InBucket != nil && r.InBucket.Encrypted {
		return r.Where + ", encrypted"
	}
	return r.Where
}

// withCopies adds to the backups here what is in the bucket.
func withCopies(rows []backupRow, copies []*remote.Summary) []backupRow {
	for _, s := range copies {
		copied := &bucketCopy{
			Uploaded: s.Uploaded, StoredBytes: s.StoredBytes, Encrypted: s.Encrypted, Recipients: s.Recipients,
			Host: s.Host, Root: s.Root, Verified: s.Verified != nil,
		}
		i := slices.IndexFunc(rows, func(r backupRow) bool { return r.ID == s.ID })
		if i < 0 {
			row := newBackupRow(s.Described())
			row.Dir, row.Where, row.InBucket = "", inBucket, copied
			rows = append(rows, row)
			continue
		}
		rows[i].Where, rows[i].InBucket = both, copied
		if s.Damaged != nil && rows[i].Problem == "" {
			rows[i].Problem = "in the bucket damaged: " + s.Damaged.Error()
		}
	}
	slices.SortStableFunc(rows, func(a, b backupRow) int { return b.Created.Compare(a.Created) })
	return rows
}

func newBackupRow(m *backup.Manifest) backupRow {
	r := backupRow{
		ID: m.ID, Dir: m.Dir, Kind: m.Kind, Created: m.Created, Directus: m.Directus, Bytes: m.Bytes(),
		Parts: []string{}, Verified: m.Verified != nil, Run: m.Run, Where: here,
	}
	for _, p := range m.Parts {
		if p.Included {
			r.Parts = append(r.Parts, string(p.Name))
		}
	}
	switch {
	case m.Damaged != nil:
		r.Problem = "damaged: " + m.Damaged.Error()
	case m.Removing:
		r.Problem = "being removed"
	case m.Partial:
		r.Problem = "unfinished"
	}
	return r
}
