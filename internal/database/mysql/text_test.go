package mysql

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

func TestToolVersions(t *testing.T) {
	for line, want := range map[string]string{
		"mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)":           "MariaDB 10.11",
		"mariadb-dump from 11.4.2-MariaDB, client 10.19 for Linux (x86_64)":                         "MariaDB 11.4",
		"mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)":                                   "MySQL 5.7",
		"mysqldump  Ver 8.0.39 for Linux on x86_64 (MySQL Community Server - GPL)":                  "MySQL 8.0",
		"/usr/bin/mysqldump from 11.8.1-MariaDB, client 10.19 for debian-linux-gnu (x86_64)":        "MariaDB 11.8",
		"mysqldump  Ver 8.0.37-29 for Linux on x86_64 (Percona Server (GPL), Release 29, Revision)": "MySQL 8.0",
	} {
		m := toolVersion.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no version in %s", line)
			continue
		}
		v, _ := parseVersion(m[1])
		v.maria = strings.Contains(line, "MariaDB")
		if got := v.product() + " " + v.series(); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

func TestDumpOptions(t *testing.T) {
	has := func(v version, option string) bool {
		return strings.Contains(strings.Join(tools{version: v}.dumpOptions("s", []string{"v"}), " "), option)
	}
	maria, old, new := version{maria: true, major: 10, minor: 11}, version{major: 5, minor: 7}, version{major: 8, minor: 4}
	if has(maria, "gtid") || has(maria, "statistics") || has(old, "statistics") || !has(old, "--set-gtid-purged=OFF") || !has(new, "--column-statistics=0") || !has(new, "--ignore-table=s.v -- s") {
		t.Error("options that the tool does not know, or not those that it needs")
	}
}

func TestDescribeTool(t *testing.T) {
	config := database.Config{Client: "mysql", Host: "db", Name: "blog", User: "me"}
	for line, want := range map[string]string{
		`mariadb-dump: Got error: 1045: "Access denied for user 'me'@'db' (using password: YES)" when trying to connect`:      "the server refuses user 'me' with this password",
		"mysqldump: Error 2013: Lost connection to MySQL server during query when dumping table `a` at row: 5":                "broke off",
		"mysqldump: Couldn't execute 'show create table `a`': SHOW command denied to user 'me'@'db' for table 'a' (1142)":     "has not the right to do this",
		"ERROR 1114 (HY000) at line 30: The table 'a' is full":                                                                "the disk of the database server is full",
		"ERROR 1030 (HY000) at line 30: Got error 28 \"No space left on device\" from storage engine InnoDB":                  "the disk of the database server is full",
		"ERROR 1419 (HY000) at line 3: You do not have the SUPER privilege and binary logging is enabled":                     "only an administrator make functions and triggers",
		"ERROR 1153 (08S01) at line 30: Got a packet bigger than 'max_allowed_packet' bytes":                                  "a row is larger than the server takes",
		"mariadb-dump: unknown variable 'x=1'":                                                                                "does not know an option",
		"ERROR 1064 (42000) at line 3: You have an error in your SQL syntax":                                                  "failed on mysql me@db/blog: mariadb: ERROR 1064",
		"mysqldump: Got error: 2003: \"Can't connect to MySQL server on 'db' (111)\" when trying to connect":                  "does not answer",
		"ERROR 2026 (HY000): TLS/SSL error: Validation of SSL server certificate failed":                                      "an encrypted connection to",
		"mariadb-dump: Error 1412: Table definition has changed, please retry transaction when dumping table `a` at row: 300": "somebody changed a table",
	} {
		err := describeTool(context.Background(), &process.ExitError{Path: "/usr/bin/mariadb", Code: 1, Last: []string{"a warning", line}}, config)
		contains(t, err, want)
		if fault.HintOf(err) == "" {
			t.Errorf("no hint for %s", line)
		}
	}
	broken := errors.New("broken stream")
	err := describeTool(context.Background(), errors.Join(broken, &process.ExitError{Path: "mariadb", Code: 1, Last: []string{"ERROR 2013 (HY000): lost"}}), config)
	if !errors.Is(err, broken) {
		t.Errorf("the cause is hidden by %v", err)
	}
}

func TestStatements(t *testing.T) {
	for statement, want := range map[string][2]string{
		"CREATE DEFINER=`root`@`%` FUNCTION `f`() RETURNS int RETURN 1":                      {"CREATE FUNCTION `f`() RETURNS int RETURN 1", "`root`@`%`"},
		"CREATE DEFINER=`a``b`@`x` EVENT `e` DO SELECT 'CREATE DEFINER=`root`@`%` '":         {"CREATE EVENT `e` DO SELECT 'CREATE DEFINER=`root`@`%` '", "`a``b`@`x`"},
		"CREATE ALGORITHM=UNDEFINED DEFINER=`r`@`h` SQL SECURITY DEFINER VIEW `v` AS select": {"CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select", "`r`@`h`"},
		"CREATE DEFINER=`role` PROCEDURE `p`() BEGIN END":                                    {"CREATE PROCEDURE `p`() BEGIN END", "`role`"},
		"CREATE PROCEDURE `p`() BEGIN END":                                                   {"CREATE PROCEDURE `p`() BEGIN END", ""},
	} {
		text, who := withoutDefiner(statement)
		if diff := cmp.Diff(want, [2]string{text, who}); diff != "" {
			t.Error(diff)
		}
	}
	const event = "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE %s COMMENT ' ON COMPLETION PRESERVE ENABLE' DO SELECT 1"
	for _, status := range []string{"ENABLE", "DISABLE", "DISABLE ON SLAVE", "DISABLE ON REPLICA"} {
		if got := disabled(strings.Replace(event, "%s", status, 1)); got != strings.Replace(event, "%s", "DISABLE", 1) {
			t.Errorf("%s: %s", status, got)
		}
	}
	got := qualified("blog").replace("INSERT INTO blog.a SELECT `blog` . b FROM myblog.c, blog_2.d, `blogs`.e, x.blog", "")
	if want := "INSERT INTO a SELECT b FROM myblog.c, blog_2.d, `blogs`.e, x.blog"; got != want {
		t.Errorf("without the schema: %s, want %s", got, want)
	}
}

// TestToolOutput feeds output in pieces of all sizes.
func TestToolOutput(t *testing.T) {
	const text = "-- header\nCREATE TABLE `a``b` (\n  `id` int AUTO_INCREMENT,\n) ENGINE=InnoDB AUTO_INCREMENT=61 DEFAULT CHARSET=utf8mb4 COMMENT=' AUTO_INCREMENT=7';\n" +
		"INSERT INTO `a` VALUES\n('CREATE TABLE `x` (');\nCREATE TABLE `c` (\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=7';\n-- Dump completed on 2024\n"
	for size := 1; size < len(text); size++ {
		var out bytes.Buffer
		o := newToolOutput(&out, nil)
		for rest := []byte(text); len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := o.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if out.String() != text || !o.complete() || o.table != "c" {
			t.Fatalf("size %d: complete %v, table %q", size, o.complete(), o.table)
		}
		if diff := cmp.Diff(map[string]int64{"a`b": 60}, o.last); diff != "" {
			t.Fatal(diff)
		}
		select {
		case <-o.begun:
		default:
			t.Fatal("it has not begun")
		}
	}
	o := newToolOutput(&bytes.Buffer{}, nil)
	_, _ = o.Write([]byte(text[:len(text)-1]))
	if o.complete() {
		t.Error("output without an end is complete")
	}
}
