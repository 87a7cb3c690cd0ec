package advisory

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// product is what a server is.
type product struct {
	name    string // "PostgreSQL", "MySQL", "MariaDB"; "" where it is something else
	version *semver.Version
	text    string // as the server says it
}

func (p product) String() string {
	if p.name == "" {
		return p.text
	}
	return p.name + " " + p.version.String()
}

// numbers begin the version of a server: "10.11.6-MariaDB", "8.0.35-27",
// "15.18 (Debian 15.18-0+deb12u1)". Some proxies put another one before it:
// "5.5.5-10.11.6-MariaDB".
var numbers = regexp.MustCompile(`^(?:5\.5\.5-)?\d+(?:\.\d+){0,2}`)

// identify reads who a server is from what it says of its version.
func identify(vendor, text string) product {
	p := product{text: text}
	found := strings.TrimPrefix(numbers.FindString(text), "5.5.5-")
	version, err := semver.NewVersion(found)
	if err != nil {
		return p
	}
	p.version = version
	lower := strings.ToLower(text)
	switch {
	case vendor == postgresVendor:
		p.name = "PostgreSQL"
	case strings.Contains(lower, "mariadb"):
		p.name = "MariaDB"
	case strings.Contains(lower, "tidb"): // it gives a version of MySQL that it resembles
	case vendor == mysqlVendor:
		p.name = "MySQL"
	}
	return p
}

func serverProduct(ctx context.Context, in Input) (product, error) {
	query := "SELECT VERSION() AS version"
	if in.Vendor == postgresVendor {
		query = "SELECT current_setting('server_version') AS version"
	}
	row, err := one(ctx, in.DB, query)
	if err != nil {
		return product{}, fmt.Errorf("asking the server for its version: %w", err)
	}
	return identify(in.Vendor, row["version"]), nil
}

// oldestServers are what Directus 10.0 asked for. Later documentation asks for
// the vendors' long-term releases without naming any (directus/docs,
// self-hosted/docker-guide of 10.0 and self-hosting/requirements of 12).
var oldestServers = map[string]*semver.Version{
	"PostgreSQL": semver.MustParse("10.0.0"),
	"MySQL":      semver.MustParse("5.7.8"),
	"MariaDB":    semver.MustParse("10.2.7"),
}

func detectOldServer(ctx context.Context, in Input) ([]string, bool, error) {
	server, err := serverProduct(ctx, in)
	if err != nil {
		return nil, false, err
	}
	evidence, hit := tooOld(server)
	return evidence, hit, nil
}

func tooOld(server product) ([]string, bool) {
	oldest := oldestServers[server.name]
	if oldest == nil || !server.version.LessThan(oldest) {
		return nil, false
	}
	return []string{fmt.Sprintf("the server is %s; Directus asks for %s %s or newer, whatever the target", server, server.name, oldest)}, true
}

// lastWithMySQL57 is the last release before 11.7.0.
const lastWithMySQL57 = "11.6.1"

func detectMySQL57(ctx context.Context, in Input) ([]string, bool, error) {
	server, err := serverProduct(ctx, in)
	if err != nil {
		return nil, false, err
	}
	evidence, hit := beforeMySQL8(server)
	return evidence, hit, nil
}

func beforeMySQL8(server product) ([]string, bool) {
	if server.name != "MySQL" || server.version.Major() >= 8 {
		return nil, false
	}
	return []string{
		fmt.Sprintf("the server is %s, and no MariaDB", server),
		"the last release that works with it is " + lastWithMySQL57,
	}, true
}

// supportEnds is the last day on which the vendor corrects a release
// (postgresql.org/support/versioning, mariadb.org/about/#maintenance-policy,
// MySQL's lifetime support policy).
var supportEnds = map[string]string{
	"PostgreSQL 10": "2022-11-10", "PostgreSQL 11": "2023-11-09", "PostgreSQL 12": "2024-11-21", "PostgreSQL 13": "2025-11-13",
	"PostgreSQL 14": "2026-11-12", "PostgreSQL 15": "2027-11-11", "PostgreSQL 16": "2028-11-09", "PostgreSQL 17": "2029-11-08",
	"MySQL 5.7": "2023-10-31", "MySQL 8.0": "2026-04-30", "MySQL 8.4": "2032-04-30",
	"MariaDB 10.2": "2022-05-23", "MariaDB 10.3": "2023-05-25", "MariaDB 10.4": "2024-06-18", "MariaDB 10.5": "2025-06-24",
	"MariaDB 10.6": "2026-07-06", "MariaDB 10.11": "2028-02-16", "MariaDB 11.4": "2029-05-29", "MariaDB 11.8": "2028-06-04",
}

// supportEnd returns that day for a server, "" where it is not known.
func supportEnd(p product) string {
	if p.name == "" {
		return ""
	}
	if p.name == "PostgreSQL" {
		return supportEnds[fmt.Sprintf("%s %d", p.name, p.version.Major())]
	}
	return supportEnds[fmt.Sprintf("%s %d.%d", p.name, p.version.Major(), p.version.Minor())]
}

func detectEndedServer(ctx context.Context, in Input) ([]string, bool, error) {
	server, err := serverProduct(ctx, in)
	if err != nil {
		return nil, false, err
	}
	line, ended := endedOn(server, time.Now())
	return line, ended, nil
}

func endedOn(server product, today time.Time) ([]string, bool) {
	end := supportEnd(server)
	if end == "" || today.Format(time.DateOnly) <= end {
		return nil, false
	}
	return []string{fmt.Sprintf("the server is %s; its vendor corrected it until %s", server, end)}, true
}
