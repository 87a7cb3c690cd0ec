package database

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/fault"
)

func TestConfigNeverShowsThePassword(t *testing.T) {
	config := Config{Client: "pg", Host: "db", Port: "5432", Name: "blog", User: "blog", Password: "hunter2"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("connecting", "config", config)
	marshalled, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{
		config.String(), fmt.Sprint(config), fmt.Sprintf("%v %+v %#v %s %q", config, config, config, config, config),
		fmt.Sprintf("%v %+v", &config, []Config{config}), log.String(), string(marshalled),
	}
	for _, text := range shown {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "blog") {
			t.Errorf("shown as %s", text)
		}
	}
}

func TestSupported(t *testing.T) {
	cases := map[string]string{
		"sqlite3": "", "better-sqlite3": "", "pg": "", "postgres": "", "mysql": "", "mysql2": "",
		"mssql": "Microsoft SQL Server", "oracledb": "Oracle",
		"cockroachdb": "CockroachDB", "redshift": "Amazon Redshift", "": "not set", "mongodb": `"mongodb" is not a client`,
	}
	for client, want := range cases {
		err := Supported(client)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", client, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" || fault.CodeOf(err) != fault.Blocked {
			t.Errorf("%s: %v, hint %q, code %d", client, err, fault.HintOf(err), fault.CodeOf(err))
		}
	}
}

func TestDiff(t *testing.T) {
	table := func(rows int64, data, schema string) TableFingerprint {
		return TableFingerprint{Rows: rows, Data: data, Schema: schema}
	}
	before := Fingerprint{Other: "v", Tables: map[string]TableFingerprint{
		"same": table(1, "a", "s"), "rows": table(1, "a", "s"), "data": table(2, "a", "s"), "schema": table(2, "a", "s"),
		"gone": table(1, "a", "s"), "directus_users": table(1, "a", "s"),
	}}
	after := Fingerprint{Other: "w", Tables: map[string]TableFingerprint{
		"same": table(1, "a", "s"), "rows": table(2, "b", "s"), "data": table(2, "b", "s"), "schema": table(2, "a", "t"),
		"fresh": table(0, "", "s"), "directus_users": table(2, "a", "s"),
	}}
	want := []string{
		"table data: same number of rows (2), other contents",
		"table directus_users: 1 row before, 2 rows after",
		"table fresh is new (it has 0 rows)",
		"table gone is gone (it had 1 row)",
		"table rows: 1 row before, 2 rows after",
		"table schema: columns, indexes or constraints differ",
		"views or triggers differ",
	}
	if diff := cmp.Diff(want, before.Diff(after, nil)); diff != "" {
		t.Error(diff)
	}
	only := func(table string) bool { return table == "rows" }
	if diff := cmp.Diff(want[4:5], before.Diff(after, only)); diff != "" {
		t.Error(diff)
	}
	if lines := before.Diff(before, nil); len(lines) > 0 {
		t.Errorf("a state differs from itself: %v", lines)
	}
}

func TestIntegrityErrorText(t *testing.T) {
	err := error(&IntegrityError{Damage: []string{"page 3"}, ForeignKeys: []string{"row 1"}})
	var found *IntegrityError
	if !errors.As(err, &found) || !strings.Contains(err.Error(), "page 3") || !strings.Contains(err.Error(), "row 1") {
		t.Error(err)
	}
}
