package advisory

import (
	"testing"
	"time"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ vendor, text, want string }{
		{"postgres", "15.18 (Debian 15.18-0+deb12u1)", "PostgreSQL 15.18.0"},
		{"postgres", "18beta1", "PostgreSQL 18.0.0"},
		{"mysql", "10.11.19-MariaDB-0+deb12u1", "MariaDB 10.11.19"},
		{"mysql", "5.5.5-10.6.12-MariaDB-log", "MariaDB 10.6.12"},
		{"mysql", "5.7.44-log", "MySQL 5.7.44"},
		{"mysql", "8.0.35-27", "MySQL 8.0.35"},
		{"mysql", "8.0.mysql_aurora.3.04.0", "MySQL 8.0.0"},
		{"mysql", "5.5.5-log", "MySQL 5.5.5"},
		{"mysql", "5.7.25-TiDB-v7.1.0", "5.7.25-TiDB-v7.1.0"},
		{"mysql", "unknown", "unknown"},
	} {
		if got := identify(c.vendor, c.text).String(); got != c.want {
			t.Errorf("%s %q is %q, want %q", c.vendor, c.text, got, c.want)
		}
	}
}

func TestOldServers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vendor, text    string
		old, beforeSQL8 bool
	}{
		{"postgres", "9.6.24", true, false},
		{"postgres", "10.0", false, false},
		{"mysql", "5.6.51", true, true},
		{"mysql", "5.7.44-log", false, true},
		{"mysql", "8.0.35", false, false},
		{"mysql", "8.0.mysql_aurora.3.04.0", false, false},
		{"mysql", "5.5.5-10.1.48-MariaDB", true, false},
		{"mysql", "10.11.1-MariaDB", false, false},
		{"mysql", "5.7.25-TiDB-v7.1.0", false, false},
	} {
		server := identify(c.vendor, c.text)
		if _, old := tooOld(server); old != c.old {
			t.Errorf("%s is too old: %v", c.text, old)
		}
		if evidence, before := beforeMySQL8(server); before != c.beforeSQL8 || before && evidence[1] != "the last release that works with it is 11.6.1" {
			t.Errorf("%s is older than MySQL 8: %v %q", c.text, before, evidence)
		}
	}
}

func TestEndOfSupport(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		vendor, text string
		ended        bool
	}{
		{"postgres", "13.2", true},
		{"postgres", "14.20", true},
		{"postgres", "15.18", false},
		{"postgres", "99.1", false},
		{"mysql", "8.0.35", true},
		{"mysql", "8.4.1", false},
		{"mysql", "10.5.1-MariaDB", true},
		{"mysql", "10.11.1-MariaDB", false},
	} {
		evidence, ended := endedOn(identify(c.vendor, c.text), today)
		if ended != c.ended || ended != (len(evidence) == 1) {
			t.Errorf("%s: %v %q", c.text, ended, evidence)
		}
	}
}

func TestMatchesPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "x", true},
		{"%", "x", true},
		{"news", "news", true},
		{"news", "newsroom", false},
		{"news%", "newsroom", true},
		{"my_db", "myxdb", true},
		{`my\_db`, "myxdb", false},
		{`my\_db`, "my_db", true},
		{`bunnyhop\_%`, "bunnyhop_run_prove", true},
		{`bunnyhop\_%`, "bunnyhopper", false},
		{"a.b", "axb", false},
		{`a\%`, "a%", true},
		{`a\\b`, `a\b`, true},
	} {
		if got := matchesPattern(c.pattern, c.name); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.name, got)
		}
		if escaped := escapePattern(c.name); !matchesPattern(escaped, c.name) {
			t.Errorf("%q does not match itself as %q", c.name, escaped)
		}
	}
}

// MySQL has forms that MariaDB, which the other tests run on, does not have.
func TestGrantLines(t *testing.T) {
	t.Parallel()
	var g grants
	for _, line := range []string{
		"GRANT SELECT, INSERT, CREATE, PROCESS ON *.* TO `directus`@`%`",
		"GRANT BACKUP_ADMIN,ROLE_ADMIN ON *.* TO `directus`@`%`",
		"GRANT `reader`@`%` TO `directus`@`%`",
		"REVOKE INSERT ON `news`.* FROM `directus`@`%`",
		"GRANT SELECT (`a`, `b`), UPDATE ON `news`.`t` TO `directus`@`%`",
		"GRANT ALL PRIVILEGES ON `odd``name`.* TO `directus`@`%` WITH GRANT OPTION",
		"GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
	} {
		g.add(line)
	}
	if missing := g.missing("news", []string{"SELECT", "INSERT", "UPDATE", "CREATE"}); len(missing) != 2 || missing[0] != "INSERT" || missing[1] != "UPDATE" {
		t.Errorf("%q", missing)
	}
	if missing := g.missing("odd`name", mysqlNeeded); len(missing) != 0 {
		t.Errorf("%q", missing)
	}
	if !g.global("PROCESS") || g.global("SUPER") {
		t.Error("global rights")
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "1500": 1500 * time.Millisecond, "15s": 15 * time.Second, "'2min'": 2 * time.Minute, "1.5 h": 90 * time.Minute, "": 0, "nonsense": 0,
	} {
		if got := duration(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
