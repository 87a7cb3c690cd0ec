// Command mkcatalogue makes the catalogue that package systemschema embeds:
// how the tables of Directus itself look after each of its migrations, on
// SQLite, PostgreSQL and MariaDB. It has real Directus versions make their
// tables in an empty database, runs their migrations one by one, and looks at
// the tables after each.
//
// The tables of a project depend on the version that set it up and on those
// that it was upgraded through, since a later release may make the same table a
// little differently. So every version that is named sets up a database of its
// own, whose migrations the later ones finish: once each of them in turn, once
// the newest alone. What any of these ways leads to is right.
//
// To make it again, for example when a new Directus is out, install each
// version, make an empty database on each server, and name the versions from
// the oldest to the newest, each with the Node that it runs under after a comma
// (the one on the PATH, if there is none):
//
//	for version in 9.0.1 9.12.2 9.26.0 10.8.3; do
//		(mkdir -p /tmp/$version && cd /tmp/$version && npm init -y && npm install --save-exact --ignore-scripts --legacy-peer-deps directus@$version)
//	done
//	for version in 10.13.4 11.17.4 12.4.0; do
//		(mkdir -p /tmp/$version && cd /tmp/$version && npm init -y && npm install --save-exact directus@$version)
//	done
//	createdb -h 127.0.0.1 -U postgres catalogue
//	mariadb -e "CREATE DATABASE catalogue CHARACTER SET utf8mb4; CREATE USER maker@localhost IDENTIFIED BY 'secret';
//		GRANT ALL ON catalogue.* TO maker@localhost"
//	PGPASSWORD=secret MYSQL_PWD=secret go run ./cmd/mkcatalogue \
//		--postgres postgres://postgres@127.0.0.1:5432/catalogue --mysql mysql://maker@127.0.0.1:3306/catalogue \
//		/tmp/9.0.1 /tmp/9.12.2 /tmp/9.26.0 /tmp/10.8.3 /tmp/10.13.4 /tmp/11.17.4,/opt/node22/bin/node /tmp/12.4.0,/opt/node22/bin/node
//
// The native modules of 9.0.1 to 10.8.3 cannot be built for Node 20 any more,
// and only that of sqlite3 is needed: copy build/Release/node_sqlite3.node of
// sqlite3 in 10.13.4 to the same place in 9.0.1 and 9.12.2, and to
// lib/binding/napi-v6-linux-glibc-x64 of sqlite3 in 9.26.0 and 10.8.3.
//
// It takes about half an hour. The two databases are emptied again and again:
// one that has tables at the start is refused. The result is the same from one
// run to the next but for the day. New migrations belong into
// internal/directus/catalogue at the same time.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/database"
	"bunnyhop/internal/systemschema"
)

func main() {
	var postgres, mysql, out string
	flag.StringVar(&postgres, "postgres", "", "an empty database, postgres://user@host:port/name, its password in PGPASSWORD")
	flag.StringVar(&mysql, "mysql", "", "an empty database on MariaDB, mysql://user@host:port/name, its password in MYSQL_PWD")
	flag.StringVar(&out, "out", filepath.Join("internal", "systemschema", "catalogue.json.zst"), "the catalogue to write")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: mkcatalogue --postgres url --mysql url tree[,node]... (oldest version first)")
		flag.PrintDefaults()
	}
	flag.Parse()
	if postgres == "" || mysql == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, postgres, mysql, out, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mkcatalogue:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, postgres, mysql, out string, args []string) error {
	releases, err := findReleases(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mkcatalogue-")
	if err != nil {
		return fmt.Errorf("making a work folder: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a left-over in the temp folder harms nobody
	places, err := findPlaces(dir, map[string]string{postgres: os.Getenv("PGPASSWORD"), mysql: os.Getenv("MYSQL_PWD")})
	if err != nil {
		return err
	}
	catalogue := &systemschema.Catalogue{
		Format: systemschema.Format, Made: time.Now().UTC().Format(time.DateOnly),
		Servers: map[database.Vendor]string{}, Histories: map[database.Vendor]map[string]map[string][]systemschema.Change{},
	}
	for _, r := range releases {
		catalogue.Directus = append(catalogue.Directus, r.version)
	}
	for _, at := range places {
		if at.vendor == database.SQLite {
			continue // a file of this run's own
		}
		if catalogue.Servers[at.vendor], err = at.checkEmpty(ctx); err != nil {
			return err
		}
	}
	lives := make([][]life, len(places))
	group, running := errgroup.WithContext(ctx)
	for i, at := range places {
		group.Go(func() error {
			all, err := at.liveAll(running, ways(releases))
			if err != nil {
				return fmt.Errorf("on %s: %w", at.vendor, err)
			}
			lives[i] = all
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, at := range places {
		catalogue.Since = lives[i][0].last(releases[0].version)
		if err := merge(catalogue, at.vendor, lives[i]); err != nil {
			return fmt.Errorf("on %s: %w", at.vendor, err)
		}
	}
	packed, err := catalogue.Encode()
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(out, packed, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", out, err)
	}
	fmt.Printf("%s: %d bytes, %d migrations\n", out, len(packed), len(catalogue.Migrations))
	return nil
}

// findPlaces makes the places of the databases: a file, and the servers'
// addresses with their passwords.
func findPlaces(dir string, servers map[string]string) ([]place, error) {
	places := []place{{vendor: database.SQLite}}
	for _, address := range slices.Sorted(maps.Keys(servers)) {
		at, err := parsePlace(address, servers[address])
		if err != nil {
			return nil, err
		}
		places = append(places, at)
	}
	for i := range places {
		places[i].dir = filepath.Join(dir, string(places[i].vendor))
		if err := os.Mkdir(places[i].dir, 0o700); err != nil {
			return nil, fmt.Errorf("making a work folder, with one database of each kind: %w", err)
		}
	}
	return places, nil
}
