package project

import (
	"path/filepath"
	"regexp"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
)

// passwordParameter finds a password among the parameters of a URL.
var passwordParameter = regexp.MustCompile(`(?i)[?&](password|pass|pwd)=`)

// DatabaseURL reads how a person names a database on the command line: as
// Directus would read it in DB_CONNECTION_STRING, or the path of a SQLite file,
// which starts in dir. One that holds a password is refused: other users of the
// machine see a command's arguments. The error shows nothing of the text.
func DatabaseURL(text, dir string) (database.Config, error) {
	usage := func(what string) (database.Config, error) {
		return database.Config{}, fault.New(what, "write it as postgres://user@host:port/database, as mysql://user@host:port/database, or as the path of a SQLite file").
			WithCode(fault.Usage)
	}
	if strings.TrimSpace(text) == "" {
		return usage("the database to restore into is not named")
	}
	if !strings.Contains(text, "://") && !schemeOf.MatchString(text) {
		if !filepath.IsAbs(text) {
			text = filepath.Join(dir, text)
		}
		return database.Config{Client: "sqlite3", Filename: filepath.Clean(text)}, nil
	}
	u, err := splitURL(text)
	if err != nil {
		return usage("the database to restore into cannot be read from its URL: " + err.Error())
	}
	client := "mysql"
	switch u.scheme {
	case "mysql", "mysql2", "mariadb":
	case "postgres", "postgresql", "pg":
		client = "pg"
	default:
		return usage("the database to restore into is of a kind that bunnyhop cannot restore")
	}
	if u.password != "" || passwordParameter.MatchString(text) {
		return database.Config{}, fault.New("the URL holds a password, which other users of this machine can read while the command runs",
			"leave it out, and give it as PGPASSWORD or MYSQL_PWD in the environment; change the password if others use this machine").WithCode(fault.Usage)
	}
	values := map[string]value{
		"DB_CLIENT":            {raw: client, order: 1},
		"DB_CONNECTION_STRING": {raw: "string:" + text, order: 2},
	}
	for i, key := range []string{"DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER", "DB_PASSWORD"} {
		values[key] = value{raw: "", order: 3 + i} // Directus asks whether they are there, and uses the string
	}
	read := &Config{Path: "--as", Format: Dotenv, root: dir, values: values}
	found, problem := read.readDatabase()
	switch {
	case problem != nil:
		return usage("the database to restore into cannot be used: " + strings.ReplaceAll(problem.What, "DB_CONNECTION_STRING", "the URL"))
	case strings.Trim(u.path, "/") == "": // drivers would take the user's name
		return usage("the URL names no database")
	case found.User == "":
		return usage("the URL names no user")
	}
	return found, nil
}
