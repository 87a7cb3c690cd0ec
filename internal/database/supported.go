package database

import "bunnyhop/internal/fault"

// Supported says whether this version of bunnyhop can work with the database
// that DB_CLIENT names. The error is a *fault.Error that says what still
// works.
func Supported(client string) error {
	vendor, known := vendorOf(client)
	switch {
	case client == "":
		return fault.New("DB_CLIENT is not set",
			"set it in the project's .env or configuration file; Directus does not start without it either").
			WithCode(fault.Blocked)
	case !known:
		return fault.Newf("DB_CLIENT=%q is not a client that Directus knows", client).
			WithHint("Directus takes sqlite3, pg, mysql, mssql, oracledb, cockroachdb and redshift").
			WithCode(fault.Blocked)
	case vendor == SQLite, vendor == Postgres, vendor == MySQL:
		return nil
	}
	err := fault.Newf("bunnyhop works with SQLite, PostgreSQL, MySQL and MariaDB; this project uses %s (DB_CLIENT=%s)", title(vendor), client).
		WithHint("`bunnyhop status` and `bunnyhop versions` still work here; backup, upgrade and restore do not touch this project").
		WithCode(fault.Blocked)
	err.State = "nothing was changed"
	return err
}

// title is a vendor's name as people write it.
func title(v Vendor) string {
	switch v {
	case SQLite:
		return "SQLite"
	case Postgres:
		return "PostgreSQL"
	case MySQL:
		return "MySQL or MariaDB"
	case MSSQL:
		return "Microsoft SQL Server"
	case Oracle:
		return "Oracle"
	case CockroachDB:
		return "CockroachDB"
	case Redshift:
		return "Amazon Redshift"
	}
	return string(v)
}
