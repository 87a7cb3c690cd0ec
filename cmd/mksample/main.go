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
//
// With --database the same is made in an empty database on a server, and the
// result is only that database's dump (SQL, zstd), which package testbed
// restores in place of data.db: the stored pictures are the archive's, under
// the same ids. The server's clock has to be set to October 2024 as well (wait
// for each server before you go on):
//
//	export NO_FAKE_STAT=1
//	clock="faketime -m --exclude-monotonic -f '@2024-10-07 08:00:00'"
//	mkdir -m 700 /tmp/pg /tmp/my && chown postgres /tmp/pg && chown mysql /tmp/my
//
//	su postgres -c '/usr/lib/postgresql/15/bin/initdb -D /tmp/pg/data --auth trust --encoding UTF8 --locale C.UTF-8'
//	su postgres -c "$clock /usr/lib/postgresql/15/bin/postgres -D /tmp/pg/data -p 25432 -k /tmp/pg" &
//	createdb -h 127.0.0.1 -p 25432 -U postgres newsroom
//	go run ./cmd/mksample --tree /tmp/tree --database postgres://postgres@127.0.0.1:25432/newsroom
//
//	mariadb-install-db --user=mysql --datadir=/tmp/my/data
//	eval "$clock mariadbd --no-defaults --user=mysql --datadir=/tmp/my/data --socket=/tmp/my/socket --port=23306 --bind-address=127.0.0.1" &
//	mariadb --socket=/tmp/my/socket -e "CREATE DATABASE newsroom CHARACTER SET utf8mb4;
//		CREATE USER maker@localhost IDENTIFIED BY 'secret'; GRANT ALL ON newsroom.* TO maker@localhost"
//	DB_PASSWORD=secret go run ./cmd/mksample --tree /tmp/tree --database mysql://maker@127.0.0.1:23306/newsroom
package main

import (
	"cmp"
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
var skeleton embed.FS

type options struct {
	tree, node, npm, faketime, database, out string
}

func main() {
	var opts options
	flag.StringVar(&opts.tree, "tree", "", "folder with node_modules and package-lock.json of directus "+sample.Version)
	flag.StringVar(&opts.node, "node", "node", "the Node that the tree was installed with")
	flag.StringVar(&opts.npm, "npm", "npm", "npm, for the lockfile")
	flag.StringVar(&opts.faketime, "faketime", "faketime", "the program that fakes the date, from the Debian package of that name")
	flag.StringVar(&opts.database, "database", "", "an empty database to fill instead of SQLite, postgres://user@host:port/name or mysql://…, its password in DB_PASSWORD")
	flag.StringVar(&opts.out, "out", "", "the archive or dump to write, instead of the one in this checkout")
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
	d := directus{faketime: opts.faketime, node: opts.node, tree: tree, dir: dir, port: port}
	size := 0
	if opts.database == "" {
		opts.out = cmp.Or(opts.out, filepath.Join("internal", "sample", "newsroom.tar.zst"))
		size, err = makeProject(ctx, d, opts)
	} else {
		var r *remote
		if r, err = parseRemote(opts.database, os.Getenv("DB_PASSWORD")); err != nil {
			return err
		}
		opts.out = cmp.Or(opts.out, r.out())
		size, err = makeDump(ctx, d, r, opts.out)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", opts.out, size)
	return nil
}

// makeProject makes the archive and returns its size in bytes.
func makeProject(ctx context.Context, d directus, opts options) (int, error) {
	if err := layOut(d.dir, sample.Environment(d.port)); err != nil {
		return 0, err
	}
	if err := writeLockfile(ctx, opts.npm, d.tree, d.dir); err != nil {
		return 0, err
	}
	if err := fill(ctx, d); err != nil {
		return 0, err
	}
	if err := compact(ctx, filepath.Join(d.dir, "data.db")); err != nil {
		return 0, err
	}
	return pack(d.dir, opts.out)
}

// makeDump fills the database of a server and returns the dump's size in
// bytes.
func makeDump(ctx context.Context, d directus, r *remote, out string) (int, error) {
	if err := r.check(ctx); err != nil {
		return 0, err
	}
	environment, err := withoutDatabase(sample.Environment(d.port))
	if err != nil {
		return 0, err
	}
	if err := layOut(d.dir, environment); err != nil {
		return 0, err
	}
	d.database = r.environment()
	if err := fill(ctx, d); err != nil {
		return 0, err
	}
	return r.dump(ctx, d.dir, out)
}

// layOut writes the project as it is before its first start.
func layOut(dir string, environment []byte) error {
	files, err := fs.Sub(skeleton, "project")
	if err != nil {
		return fmt.Errorf("reading the project's files: %w", err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("writing the project's files: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "uploads"), 0o750); err != nil {
		return fmt.Errorf("making the folder for pictures: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), environment, 0o600); err != nil {
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
