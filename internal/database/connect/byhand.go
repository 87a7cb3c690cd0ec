package connect

import (
	"fmt"
	"path"

	"bunnyhop/internal/database"
)

// ByHand returns the commands that put a dump back in place of a database
// without this program. place is Config.Place. The server's tools ask for the
// password, or take it from where they always do.
func ByHand(vendor database.Vendor, dump, place string) []string {
	name := path.Base(place)
	switch vendor {
	case database.SQLite:
		return []string{fmt.Sprintf("rm -f %q %q", place+"-wal", place+"-shm"), fmt.Sprintf("cp %q %q", dump, place)}
	case database.Postgres:
		return []string{
			fmt.Sprintf("createdb --template=template0 %q", name+"_restored"),
			fmt.Sprintf("pg_restore --no-owner --no-privileges --exit-on-error --single-transaction --dbname=%q %q", name+"_restored", dump),
			fmt.Sprintf("psql --dbname=postgres --command='ALTER DATABASE %q RENAME TO %q' --command='ALTER DATABASE %q RENAME TO %q'",
				name, name+"_before", name+"_restored", name),
		}
	case database.MySQL:
		return []string{fmt.Sprintf("zstd -dc %q | mysql --comments --binary-mode %q", dump, name)}
	case database.MSSQL, database.Oracle, database.CockroachDB, database.Redshift:
	}
	return []string{"restore " + dump + " into " + place}
}
