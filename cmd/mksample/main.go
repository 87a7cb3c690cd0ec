// Command mksample makes the demo project that package internal/sample
// embeds: a small newsroom on Directus 10.13.4 and SQLite. The database is
// bootstrapped by that Directus and filled through its REST API only, so that
// every row is one that Directus itself would write.
//
// To make it again, install that Directus under Node 20 in an empty folder and
// point mksample at it, from the root of the module:
//
//	apt-get install faketime
//	(mkdir -p /tmp/tree && cd /tmp/tree && npm init -y && npm install --save-exact directus@10.13.4)
//	go run ./cmd/mksample --tree /tmp/tree
//
// What stays the same from one run to the next: the schema, every id (they
// are derived from names), every value that is sent, the pictures, the roles,
// flows and dashboards. The text is written by a seeded generator. What
// differs: seconds in the times at which Directus made rows (it runs with its
// clock set to October 2024), password salts, the ids that only Directus hands
// out (built-in role, first user, extension), the hash of the content version,
// and the lockfile, which is the one of --tree under the sample's name.
//
// The result is an archive (tar, zstd): package.json, package-lock.json,
// data.db, uploads and extensions. It has no .env; Unpack writes that one, with
// secrets of its own.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"bunnyhop/internal/sample"
	"bunnyhop/internal/server"
)

//go:embed all:project
var project embed.FS

type options struct {
	tree, node, npm, faketime, out string
}

func main() {
	var opts options
	flag.StringVar(&opts.tree, "tree", "", "folder with node_modules and package-lock.json of directus "+sample.Version)
	flag.StringVar(&opts.node, "node", "node", "the Node that the tree was installed with")
	flag.StringVar(&opts.npm, "npm", "npm", "npm, for the lockfile")
	flag.StringVar(&opts.faketime, "faketime", "faketime", "the program that fakes the date, from the Debian package of that name")
	flag.StringVar(&opts.out, "out", "internal/sample/newsroom.tar.zst", "the archive to write")
	flag.Parse()
	if opts.tree == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, opts)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mksample:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts options) error {
	tree, err := filepath.Abs(opts.tree)
	if err != nil {
		return fmt.Errorf("finding the tree: %w", err)
	}
	dir, err := os.MkdirTemp("", "mksample-")
	if err != nil {
		return fmt.Errorf("making a work folder: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a left-over in the temp folder harms nobody

	port, err := server.FreePort()
	if err != nil {
		return err
	}
	if err := layOut(dir, port); err != nil {
		return err
	}
	if err := writeLockfile(ctx, opts.npm, tree, dir); err != nil {
		return err
	}
	if err := fill(ctx, directus{faketime: opts.faketime, node: opts.node, tree: tree, dir: dir, port: port}); err != nil {
		return err
	}
	if err := compact(ctx, filepath.Join(dir, "data.db")); err != nil {
		return err
	}
	size, err := pack(dir, opts.out)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", opts.out, size)
	return nil
}

// layOut writes the project as it is before its first start.
func layOut(dir string, port int) error {
	files, err := fs.Sub(project, "project")
	if err != nil {
		return fmt.Errorf("reading the project's files: %w", err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("writing the project's files: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "uploads"), 0o750); err != nil {
		return fmt.Errorf("making the folder for pictures: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), sample.Environment(port), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

// fill bootstraps the project, starts it, sends everything and stops it.
func fill(ctx context.Context, d directus) error {
	if err := d.bootstrap(ctx); err != nil {
		return err
	}
	stop, err := d.start(ctx)
	if err != nil {
		return err
	}
	err = send(ctx, newClient(d.url()))
	return stopAfter(err, stop)
}

// send makes everything there is in the sample, in the order in which one
// thing needs another.
func send(ctx context.Context, c *client) error {
	if err := c.login(ctx, sample.AdminEmail, sample.AdminPassword); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		make func(context.Context, *client) error
	}{
		{"settings", makeSettings},
		{"pictures", makePictures},
		{"schema", makeSchema},
		{"roles and users", makeAccess},
		{"items", makeItems},
		{"edits", makeEdits},
		{"flows", makeFlows},
		{"dashboard", makeDashboard},
		{"presets", makePresets},
	} {
		if err := part.make(ctx, c); err != nil {
			return fmt.Errorf("making %s: %w", part.name, err)
		}
	}
	return c.logout(ctx)
}
