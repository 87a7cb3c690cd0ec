package testbed

import (
	"context"
	"database/sql"
	"path/filepath"

	_ "github.com/go-sql-driver/mysql" // opened by name below
	_ "github.com/jackc/pgx/v5/stdlib" // opened by name below
	_ "github.com/mattn/go-sqlite3"    // opened by name below

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// Exec runs statements on the project's database, as a person with a shell
// would.
func (p *Project) Exec(statements ...string) {
	p.tb.Helper()
	db := p.open(database.ReadWrite)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			p.tb.Fatalf("%s: %v", statement, err)
		}
	}
}

// Rows runs a query on the project's database and returns every value as its
// bytes, rows in order.
func (p *Project) Rows(query string) [][]string {
	p.tb.Helper()
	db := p.open(database.ReadOnly)
	defer db.Close()
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		p.tb.Fatal(err)
	}
	defer tx.Rollback()
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		p.tb.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		p.tb.Fatal(err)
	}
	var all [][]string
	for rows.Next() {
		values := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			p.tb.Fatal(err)
		}
		line := make([]string, len(columns))
		for i := range values {
			line[i] = string(values[i])
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		p.tb.Fatal(err)
	}
	return all
}

// open opens the database that the project was made with, whatever a test has
// done to its .env since.
func (p *Project) open(mode database.Mode) *sql.DB {
	p.tb.Helper()
	driver, source := "sqlite3", "file:"+filepath.Join(p.Root, "data.db")+"?_busy_timeout=10000"
	if mode == database.ReadOnly {
		source += "&_query_only=1"
	}
	switch p.Owner.Client {
	case "pg":
		driver, source = "pgx", postgrestest.URL(p.Owner)
	case "mysql":
		driver, source = "mysql", mysqltest.Driver(p.Owner).FormatDSN()
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		p.tb.Fatal(err)
	}
	return db
}
