package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
)

// place is where databases are made, one after the other.
type place struct {
	vendor database.Vendor
	config database.Config // of servers
	dir    string          // the work folder
}

// parsePlace reads a URL such as postgres://user@host:port/name. The password
// is not in it: it would be in the process list.
func parsePlace(text, password string) (place, error) {
	address, err := url.Parse(text)
	if err != nil {
		return place{}, errors.New("the database's address is no URL")
	}
	if _, has := address.User.Password(); has {
		return place{}, errors.New("the password belongs into PGPASSWORD or MYSQL_PWD, not into the address")
	}
	p := place{config: database.Config{
		Client: map[string]string{"postgres": "pg", "mysql": "mysql"}[address.Scheme],
		Host:   address.Hostname(), Port: address.Port(), Name: strings.TrimPrefix(address.Path, "/"),
		User: address.User.Username(), Password: password,
	}}
	p.vendor, _ = p.config.Vendor()
	if p.vendor == "" || p.config.Host == "" || p.config.Port == "" || p.config.Name == "" || p.config.User == "" {
		return place{}, fmt.Errorf("%s lacks a part of postgres://user@host:port/name or mysql://user@host:port/name", text)
	}
	return p, nil
}

// database is the database in use.
func (p place) database() database.Config {
	if p.vendor == database.SQLite {
		return database.Config{Client: "sqlite3", Filename: filepath.Join(p.dir, "data.db")}
	}
	return p.config
}

// environment tells Directus of the database.
func (p place) environment() []string {
	config := p.database()
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir}, // Directus reads whatever else is there
		"DB_CLIENT="+config.Client, "DB_FILENAME="+config.Filename, "DB_HOST="+config.Host, "DB_PORT="+config.Port,
		"DB_DATABASE="+config.Name, "DB_USER="+config.User, "DB_PASSWORD="+config.Password,
		"KEY=f6a9f3a2-5a52-4a8e-8b8c-2b7d3d0e9c11", "SECRET=only-for-tables-that-nobody-ever-logs-in-to",
		"LOG_LEVEL=error", "TELEMETRY=false", "PUBLIC_URL=http://127.0.0.1:8055", "CACHE_ENABLED=false",
		"EXTENSIONS_PATH="+filepath.Join(p.dir, "extensions"), "TEMP_PATH="+filepath.Join(p.dir, "tmp"),
	)
}

func (p place) open(ctx context.Context, mode connect.Mode) (database.Database, error) {
	return connect.Open(ctx, p.database(), mode)
}

// checkEmpty makes sure that nothing is lost on a server, and returns the
// server's version.
func (p place) checkEmpty(ctx context.Context) (version string, err error) {
	db, err := p.open(ctx, connect.ReadOnly)
	if err != nil {
		return "", err
	}
	defer db.Close() //nolint:errcheck // only read from
	tables, err := db.Tables(ctx)
	if err != nil {
		return "", err
	}
	if len(tables) > 0 {
		return "", fmt.Errorf("the database %s is not empty: it has %d tables", p.config.Name, len(tables))
	}
	identity, err := db.Identity(ctx)
	return identity.ServerVersion, err
}

// clear makes the database empty.
func (p place) clear(ctx context.Context) error {
	if p.vendor == database.SQLite {
		for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
			if err := os.RemoveAll(p.database().Filename + suffix); err != nil {
				return fmt.Errorf("removing the database: %w", err)
			}
		}
		return nil
	}
	db, err := p.open(ctx, connect.ReadWrite)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // every statement's error is seen
	tables, err := db.Tables(ctx)
	if err != nil {
		return err
	}
	statements := []string{"SET FOREIGN_KEY_CHECKS = 0"}
	cascade := ""
	if p.vendor == database.Postgres {
		statements, cascade = nil, " CASCADE"
	}
	for _, table := range tables {
		statements = append(statements, "DROP TABLE "+db.Quote(table)+cascade)
	}
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		return fmt.Errorf("emptying the database: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("emptying the database: %s: %w", statement, err)
		}
	}
	return nil
}
