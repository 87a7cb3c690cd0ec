package advisory

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// grants are the rights of a MySQL or MariaDB user, as SHOW GRANTS lists them.
type grants struct {
	account string // user@host
	all     []grant
	// maxStatementTime is a limit of the account in seconds (MariaDB's WITH
	// MAX_STATEMENT_TIME), "" where there is none.
	maxStatementTime string
}

// grant is one line of SHOW GRANTS about databases.
type grant struct {
	rights   []string // "ALL PRIVILEGES" is all of them but GRANT
	database string   // a pattern; "*" for all of them
	revoked  bool     // a line of MySQL's partial revokes
}

var (
	grantLine  = regexp.MustCompile("^(GRANT|REVOKE) (.+?) ON (?:TABLE )?(\\*|`(?:[^`]|``)*`)\\.(\\*|`(?:[^`]|``)*`) (?:TO|FROM) ")
	columnList = regexp.MustCompile(`\([^)]*\)`)
	timeLimit  = regexp.MustCompile(`MAX_STATEMENT_TIME ([0-9.]+)`)
)

// readGrants reads the rights of the session's user with those of the roles
// that are in force.
func readGrants(ctx context.Context, in Input) (grants, error) {
	var g grants
	who, err := one(ctx, in.DB, "SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role, VERSION() AS version")
	if err != nil { // MySQL 5.7 has no roles
		who, err = one(ctx, in.DB, "SELECT CURRENT_USER() AS account, '' AS role, VERSION() AS version")
	}
	if err != nil {
		return g, fmt.Errorf("asking who the database user is: %w", err)
	}
	g.account = who["account"]
	query := "SHOW GRANTS"
	// MariaDB lists the rights of the role in force by itself.
	if role := who["role"]; role != "" && role != "NONE" && identify(mysqlVendor, who["version"]).name != "MariaDB" {
		query = "SHOW GRANTS FOR CURRENT_USER() USING " + role //nolint:gosec // the server's own text, quoted by it
	}
	rows, err := records(ctx, in.DB, query)
	if err != nil {
		return g, fmt.Errorf("listing the rights of the database user: %w", err)
	}
	for _, row := range rows {
		for _, line := range row { // the only column is named after the account
			g.add(line)
		}
	}
	return g, nil
}

// add reads one line. Rights on single tables and columns are passed over:
// migrations make tables, and what a new one is called is not known.
func (g *grants) add(line string) {
	if m := timeLimit.FindStringSubmatch(line); m != nil && strings.Trim(m[1], "0.") != "" {
		g.maxStatementTime = m[1]
	}
	m := grantLine.FindStringSubmatch(line)
	if m == nil || m[4] != "*" {
		return
	}
	var rights []string
	for right := range strings.SplitSeq(columnList.ReplaceAllString(m[2], "()"), ",") {
		rights = append(rights, strings.ToUpper(strings.TrimSpace(right)))
	}
	name := m[3]
	if name != "*" {
		name = strings.ReplaceAll(strings.Trim(name, "`"), "``", "`")
	}
	g.all = append(g.all, grant{rights: rights, database: name, revoked: m[1] == "REVOKE"})
}

// missing lists the rights that the user does not have on a database.
func (g grants) missing(database string, needed []string) []string {
	var missing []string
	for _, right := range needed {
		held := false
		for _, one := range g.all {
			if matchesPattern(one.database, database) && (slices.Contains(one.rights, right) || slices.Contains(one.rights, "ALL PRIVILEGES") || slices.Contains(one.rights, "ALL")) {
				held = !one.revoked
			}
		}
		if !held {
			missing = append(missing, right)
		}
	}
	return missing
}

// global reports whether the user has a right on everything.
func (g grants) global(right string) bool {
	for _, one := range g.all {
		if one.database == "*" && !one.revoked && (slices.Contains(one.rights, right) || slices.Contains(one.rights, "ALL PRIVILEGES")) {
			return true
		}
	}
	return false
}

// quotedAccount is the account as a statement names it.
func (g grants) quotedAccount() string {
	i := strings.LastIndexByte(g.account, '@')
	if i < 0 {
		return quoted(g.account)
	}
	return quoted(g.account[:i]) + "@" + quoted(g.account[i+1:])
}

// matchesPattern reports whether a name matches the pattern of a GRANT, in
// which _ and % are wildcards unless a backslash is before them.
func matchesPattern(pattern, name string) bool {
	if pattern == "*" {
		return true
	}
	var text strings.Builder
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			text.WriteString(".*")
		case !escaped && r == '_':
			text.WriteString(".")
		default:
			text.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	matched, err := regexp.MatchString("(?is)^"+text.String()+"$", name)
	return err == nil && matched
}

// escapePattern makes a pattern of a GRANT that only the name matches.
func escapePattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(name)
}
