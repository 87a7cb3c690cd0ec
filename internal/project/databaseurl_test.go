package project

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

func TestDatabaseURL(t *testing.T) {
	for text, want := range map[string]database.Config{
		"postgres://other@db.example.com:5433/blog":              {Client: "pg", Host: "db.example.com", Port: "5433", Name: "blog", User: "other"},
		"postgresql:///blog?host=/run/postgresql&user=o%40x":     {Client: "pg", Host: "/run/postgresql", Port: "5432", Name: "blog", User: "o@x"},
		"mysql://other@127.0.0.1:3307/blog":                      {Client: "mysql", Host: "127.0.0.1", Port: "3307", Name: "blog", User: "other"},
		"data/new.db":                                            {Client: "sqlite3", Filename: "/srv/blog/data/new.db"},
		"/backups/new.db":                                        {Client: "sqlite3", Filename: "/backups/new.db"},
		"postgres://other@db.example.com/blog?sslmode=no-verify": {Client: "pg", Host: "db.example.com", Port: "5432", Name: "blog", User: "other", TLS: &database.TLS{}},
	} {
		got, err := DatabaseURL(text, "/srv/blog")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

// A password in an argument is seen by others, and is not repeated.
func TestDatabaseURLRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://other:hunter22@db/blog":          "holds a password",
		"postgres://other@db/blog?password=hunter22": "holds a password",
		"mysql://other:hunter22@db/blog":             "holds a password",
		"postgres://db/blog":                         "no user for the database is set",
		"postgres://other@db":                        "names no database",
		"mssql://other:hunter22@db/blog":             "of a kind that bunnyhop cannot restore",
		"postgres://other@db:hunter22/blog":          "cannot be read from its URL",
		"":                                           "is not named",
	} {
		_, err := DatabaseURL(text, "/")
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.Usage || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", text, err)
		} else if strings.Contains(err.Error()+fault.HintOf(err), "hunter22") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}
