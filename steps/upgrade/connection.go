package upgrade

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/project"
	"bunnyhop/internal/server"
	"bunnyhop/steps/site"
)

// connection says how the project reaches its database server, without
// secrets.
func connection(p *project.Project) advisory.Connection {
	d := p.Config.Database()
	return advisory.Connection{
		Socket: filepath.IsAbs(d.Host), ScratchElsewhere: p.Settings.ScratchDatabase != "",
		Charset: d.Charset, Collate: p.Config.Get("DB_COLLATE"),
		Timeouts: timeouts(p.Config.Get("DB_OPTIONS"), p.Config.Get("DB_CONNECTION_STRING")),
	}
}

// timeoutOption is a time limit among the options for the server's process:
// "-c statement_timeout=5s", "--lock-timeout=100".
var timeoutOption = regexp.MustCompile(`\b(statement|lock|transaction)[_-]timeout=(\S+)`)

// timeouts reads the limits that a project asks PostgreSQL for when it
// connects. A connection string is all that counts where there is one.
func timeouts(options, connectionString string) map[string]string {
	var parameters url.Values
	if connectionString != "" {
		u, err := url.Parse(connectionString)
		if err != nil {
			return nil // the text may hold the password
		}
		parameters = u.Query()
		options = parameters.Get("options")
	}
	found := map[string]string{}
	for _, m := range timeoutOption.FindAllStringSubmatch(options, -1) {
		found[m[1]+"_timeout"] = m[2]
	}
	// The driver sends these beside the options, and they win.
	for _, name := range []string{"statement_timeout", "lock_timeout"} {
		if value := parameters.Get(name); value != "" {
			found[name] = value
		}
	}
	return found
}

// ownPorts tells from which ports this program and the project's server are
// connected to the database at the moment it is called.
func ownPorts(ctx context.Context, s *site.Site, p *project.Project) func() map[int]bool {
	port := cmp.Or(p.Config.Database().Port, "5432")
	return func() map[int]bool {
		pids := []int{os.Getpid()}
		// Without an answer all sessions count as somebody else's.
		running, _ := s.Running(ctx)
		for _, one := range running {
			pids = append(pids, one.PID)
		}
		return server.ClientPorts(pids, port)
	}
}
