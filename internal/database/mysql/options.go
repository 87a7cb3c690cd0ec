package mysql

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/memfile"
)

// firstExtra is the descriptor of a child's first extra file.
const firstExtra = 3

// systemCertificates is where Debian keeps the certificates that Node and Go
// trust by default; the tools ask for a file.
const systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

// environment is what tools get of the environment: none of the variables that
// the client library reads.
func environment() []string {
	env := []string{"LC_ALL=C", "MYSQL_TEST_LOGIN_FILE=/nonexistent"}
	for _, name := range []string{"PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// optionFile is all that a tool has to know to reach the server, in files that
// are only in memory, the password and the keys included. The first file is
// for --defaults-file, so that no other option file has a say: one with a
// "where" would make a dump incomplete.
func (t tools) optionFile() (files []*os.File, err error) {
	c := t.config
	lines := []string{"[client]", option("user", c.User), option("password", c.Password), "default-character-set=utf8mb4"}
	if c.IsSocket() {
		lines = append(lines, "protocol=socket", option("socket", c.Host))
	} else {
		// Without it, "localhost" is a socket.
		lines = append(lines, "protocol=tcp", option("host", c.Host), option("port", c.PortOr(defaultPort)))
	}
	add := func(name, text string) string {
		f, fileErr := memfile.New(name, text)
		if fileErr != nil {
			err = errors.Join(err, fileErr)
			return ""
		}
		files = append(files, f)
		// The option file itself comes first.
		return option(name, descriptor(len(files)))
	}
	lines = append(lines, t.tlsOptions(add)...)
	// The names of the groups are those of all the tools.
	lines = append(lines, "[mysql]", "[mysqldump]", "[mariadb]", "[mariadb-dump]", "[mariadb-client]")
	first, fileErr := memfile.New("options", strings.Join(lines, "\n")+"\n")
	if err = errors.Join(err, fileErr); err != nil {
		memfile.CloseAll(append(files, first))
		return nil, err
	}
	return slices.Insert(files, 0, first), nil
}

// descriptor names the n-th extra file of a child.
func descriptor(n int) string { return "/proc/self/fd/" + strconv.Itoa(firstExtra+n) }

// tlsOptions are in the words of the tool: since 11.4, MariaDB's encrypt
// unless told otherwise, and so do MySQL's.
func (t tools) tlsOptions(file func(name, text string) string) []string {
	c := t.config.TLS
	if c == nil || t.config.IsSocket() {
		if t.version.maria {
			return []string{"ssl=0"}
		}
		if t.version.before(version{major: 5, minor: 8}) {
			return []string{"ssl-mode=DISABLED"}
		}
		// Without encryption, the password is sent encrypted by the server's key.
		return []string{"ssl-mode=DISABLED", "get-server-public-key"}
	}
	var lines []string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, file(name, text))
		}
	}
	add("ssl-cert", c.Cert)
	add("ssl-key", c.Key)
	if c.Verify {
		if c.CA == "" {
			lines = append(lines, option("ssl-ca", systemCertificates))
		} else {
			add("ssl-ca", c.CA)
		}
	}
	switch {
	case t.version.maria:
		lines = append(lines, "ssl=1")
		// MariaDB's tools compare the name with the host, whatever the name asked
		// for; without that, they still verify the chain if they have a CA.
		verify := "ssl-verify-server-cert=0"
		if c.Verify && c.ServerName != "" && c.ServerName == t.config.Host {
			verify = "ssl-verify-server-cert=1"
		}
		lines = append(lines, verify)
	case !c.Verify:
		lines = append(lines, "ssl-mode=REQUIRED")
	case c.ServerName != "" && c.ServerName == t.config.Host:
		lines = append(lines, "ssl-mode=VERIFY_IDENTITY")
	default:
		lines = append(lines, "ssl-mode=VERIFY_CA")
	}
	return lines
}

// option is a line of an option file. In quotes, only the backslash has a
// meaning, and the file ends at the first line end of a value, so that these
// are written as escapes.
func option(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, `"`, `\"`).Replace(value) + `"`
}

// withName is the connection to another schema.
func withName(config database.Config, name string) database.Config {
	config.Name = name
	return config
}
