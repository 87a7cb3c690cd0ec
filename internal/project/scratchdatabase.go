package project

import (
	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// ScratchDatabase reads a connection string (Settings.ScratchDatabase) that
// leads to a server on which copies of the project's database may be made, as
// Directus would read it for a database of the project's own vendor.
func (c *Config) ScratchDatabase(text string) (database.Config, error) {
	own := c.Database()
	vendor, _ := own.Vendor()
	scheme := map[database.Vendor]string{database.Postgres: "postgres://", database.MySQL: "mysql://"}[vendor]
	if scheme == "" {
		return database.Config{}, fault.Newf("scratch_database is for projects on a database server; this one has DB_CLIENT=%s", own.Client).
			WithHint("remove it from %s", SettingsFile)
	}
	values := map[string]value{
		"DB_CLIENT":            {raw: own.Client, order: 1},
		"DB_CONNECTION_STRING": {raw: "string:" + text, order: 2},
	}
	for i, key := range []string{"DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER", "DB_PASSWORD"} {
		values[key] = value{raw: "", order: 3 + i} // Directus asks whether they are there, and uses the string
	}
	read := &Config{Path: SettingsFile, Format: Dotenv, root: c.root, values: values}
	found, problem := read.readDatabase()
	if problem != nil {
		problem.What = "scratch_database in " + SettingsFile + " cannot be used: " + problem.What
		return database.Config{}, problem.WithHint("write it as %suser:password@host:port/database", scheme)
	}
	found.SearchPath, found.Charset = own.SearchPath, own.Charset
	return found, nil
}
