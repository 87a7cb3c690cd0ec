package advisory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/systemschema"
)

// publicPolicy is the id of the policy that the step to policies makes of the
// public's permissions.
const publicPolicy = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"

// repair returns the statements that are certain to finish or to take back a
// half-done step to policies, the one migration whose rows say how far it came.
// nil means that only a backup leads out.
func (in Input) repair(ctx context.Context, h systemschema.Halfway) ([]string, error) {
	if h.Migration != systemschema.PoliciesMigration {
		return nil, nil
	}
	later := slices.ContainsFunc(in.Recorded, func(id string) bool { return h.Migration < id && catalogued(id) })
	roles, permissions := in.System["directus_roles"], in.System["directus_permissions"]
	if roles["column admin_access"] != "" {
		// The roles still have all, so that the new table holds copies only. Run
		// again after later migrations, the step would not find what it was made for.
		begun := len(h.Tables) == 1 && roles["column parent"] == "" && permissions["column policy"] == "" && roles["column app_access"] != "" &&
			roles["column enforce_tfa"] != "" && roles["column ip_access"] != ""
		if !begun || later {
			return nil, nil
		}
		statements := []string{"DROP TABLE " + in.DB.Quote("directus_policies")}
		if h.Recorded {
			statements = append(statements, "DELETE FROM "+in.DB.Quote("directus_migrations")+" WHERE "+in.DB.Quote("version")+" = "+quoted(h.Migration))
		}
		return statements, nil
	}
	if ready, err := in.readyForAccess(ctx, h); err != nil || !ready {
		return nil, err
	}
	statements, certain, err := in.makeAccess(ctx)
	if err != nil || !certain {
		return nil, err
	}
	if !h.Recorded {
		statements = append(statements, in.record(h.Migration))
	}
	return statements, nil
}

func catalogued(id string) bool {
	return slices.ContainsFunc(directus.Catalogue(), func(m directus.Migration) bool { return m.ID == id })
}

// readyForAccess reports whether the step did all that it does before it makes
// directus_access: nothing else is left, each role has the policy of its id, and
// each permission belongs to a policy.
func (in Input) readyForAccess(ctx context.Context, h systemschema.Halfway) (bool, error) {
	for _, line := range h.Left {
		if !strings.HasPrefix(line, "table directus_access ") && !strings.HasPrefix(line, "directus_access is empty") {
			return false, nil
		}
	}
	policies := in.DB.Quote("id") + " FROM " + in.DB.Quote("directus_policies")
	for table, where := range map[string]string{
		"directus_roles": in.DB.Quote("id") + " NOT IN (SELECT " + policies + ")",
		"directus_permissions": in.DB.Quote("policy") + " IS NULL OR " + in.DB.Quote("policy") +
			" NOT IN (SELECT " + policies + ")",
	} {
		if n, err := in.count(ctx, table, where); err != nil || n > 0 {
			return false, err
		}
	}
	n, err := in.count(ctx, "directus_policies", in.DB.Quote("id")+" = "+quoted(publicPolicy))
	return n == 1, err
}

// makeAccess returns the statements that make directus_access, if it is not
// there, and what the step fills it with. A role's entry gets the role's own id:
// it only has to be unique in this table. certain is false where the table cannot
// be told.
func (in Input) makeAccess(ctx context.Context) (statements []string, certain bool, err error) {
	q := in.DB.Quote
	where, roles, public := "", 1, 0
	if in.System["directus_access"] == nil {
		create, err := in.createAccess(ctx)
		if err != nil || create == "" {
			return nil, false, err
		}
		statements = append(statements, create)
	} else {
		where = " WHERE " + q("id") + " NOT IN (SELECT " + q("role") + " FROM " + q("directus_access") + " WHERE " + q("role") + " IS NOT NULL)"
		roles, err = in.count(ctx, "directus_roles", strings.TrimPrefix(where, " WHERE "))
		if err != nil {
			return nil, false, err
		}
		public, err = in.count(ctx, "directus_access", q("role")+" IS NULL AND "+q("user")+" IS NULL")
		if err != nil {
			return nil, false, err
		}
	}
	into := fmt.Sprintf("INSERT INTO %s (%s, %s, %s, %s, %s)", q("directus_access"), q("id"), q("role"), q("user"), q("policy"), q("sort"))
	if roles > 0 {
		statements = append(statements, fmt.Sprintf("%s SELECT %s, %s, NULL, %s, 1 FROM %s%s", into, q("id"), q("id"), q("id"), q("directus_roles"), where))
	}
	if public == 0 {
		statements = append(statements, fmt.Sprintf("%s VALUES (%s, NULL, NULL, %s, 1)", into, quoted(publicPolicy), quoted(publicPolicy)))
	}
	return statements, true, nil
}

// createAccess is the table as the step makes it. It is "" where the ids that it
// refers to are not of one character set.
func (in Input) createAccess(ctx context.Context) (string, error) {
	q := in.DB.Quote
	id, options := "char(36)", ""
	switch in.Vendor {
	case postgresVendor:
		id = "uuid"
	case mysqlVendor:
		sets, err := records(ctx, in.DB, "SELECT DISTINCT character_set_name AS charset, collation_name AS collation FROM information_schema.columns "+
			"WHERE table_schema = DATABASE() AND column_name = 'id' AND table_name IN ('directus_roles', 'directus_users', 'directus_policies')")
		if err != nil {
			return "", fmt.Errorf("asking for the character set of directus_roles: %w", err)
		}
		if len(sets) != 1 {
			return "", nil
		}
		options = " DEFAULT CHARACTER SET " + sets[0]["charset"] + " COLLATE " + sets[0]["collation"]
	}
	key := id + " NOT NULL"
	if in.Vendor == "sqlite" { // which lets a key be null; so does Directus there
		key = id
	}
	columns := []string{
		q("id") + " " + key, q("role") + " " + id, q("user") + " " + id, q("policy") + " " + id + " NOT NULL", q("sort") + " integer",
		"PRIMARY KEY (" + q("id") + ")",
	}
	for _, one := range [][2]string{{"role", "directus_roles"}, {"user", "directus_users"}, {"policy", "directus_policies"}} {
		columns = append(columns, fmt.Sprintf("CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE CASCADE",
			q("directus_access_"+one[0]+"_foreign"), q(one[0]), q(one[1]), q("id")))
	}
	return "CREATE TABLE " + q("directus_access") + " (" + strings.Join(columns, ", ") + ")" + options, nil
}

// record is the statement that records a migration as Directus does.
func (in Input) record(id string) string {
	title := id
	for _, m := range directus.Catalogue() {
		if m.ID == id {
			title = m.Title
		}
	}
	q := in.DB.Quote
	return fmt.Sprintf("INSERT INTO %s (%s, %s) VALUES (%s, %s)", q("directus_migrations"), q("version"), q("name"), quoted(id), quoted(title))
}
