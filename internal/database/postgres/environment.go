package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/memfile"
)

// firstExtra is the descriptor of a child's first extra file.
const firstExtra = 3

// systemCertificates is where Debian keeps the certificates that Node and Go
// trust by default; libpq asks for a file.
const systemCertificates = "/etc/ssl/certs/ca-certificates.crt"

// nowhere is a file that does not exist: libpq would otherwise take what lies
// in ~/.postgresql into account.
const nowhere = "/nonexistent"

// baseEnvironment is the part of the environment that tools need. None of the
// variables that PostgreSQL reads is passed on, but the place of the password
// file, which the driver reads too.
func baseEnvironment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "HOME", "PGPASSFILE", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// environment tells a tool how to reach the server. Secrets travel in the
// environment and in files that are only in memory; taken is the number of
// extra files that the child has already.
func (t tools) environment(name string, taken int) (env []string, files []*os.File, err error) {
	c := t.config
	env = append(baseEnvironment(),
		"PGHOST="+c.Host, "PGPORT="+c.PortOr(defaultPort), "PGUSER="+c.User, "PGDATABASE="+name, "PGAPPNAME="+applicationName(),
		fmt.Sprintf("PGCONNECT_TIMEOUT=%d", int(connectTimeout.Seconds())), "PGGSSENCMODE=disable", "PGCLIENTENCODING=UTF8")
	if c.Password != "" {
		env = append(env, "PGPASSWORD="+c.Password)
	}
	if c.TLS == nil || c.IsSocket() {
		return append(env, "PGSSLMODE=disable"), nil, nil
	}
	more, files, err := tlsEnvironment(c, firstExtra+taken)
	return append(env, more...), files, err
}

func tlsEnvironment(c database.Config, next int) (env []string, files []*os.File, err error) {
	file := func(variable, text string) {
		if text == "" || err != nil {
			if text == "" {
				env = append(env, variable+"="+nowhere)
			}
			return
		}
		var f *os.File
		if f, err = memfile.New(variable, text); err == nil {
			env = append(env, fmt.Sprintf("%s=/proc/self/fd/%d", variable, next+len(files)))
			files = append(files, f)
		}
	}
	file("PGSSLCERT", c.TLS.Cert)
	file("PGSSLKEY", c.TLS.Key)
	switch {
	case !c.TLS.Verify:
		env = append(env, "PGSSLMODE=require", "PGSSLROOTCERT="+nowhere)
	case c.TLS.CA == "":
		env = append(env, "PGSSLMODE=verify-full", "PGSSLROOTCERT="+systemCertificates)
	default:
		env = append(env, "PGSSLMODE=verify-full")
		file("PGSSLROOTCERT", c.TLS.CA)
	}
	// libpq checks the certificate against PGHOST, and connects to PGHOSTADDR.
	if c.TLS.ServerName != "" && c.TLS.ServerName != c.Host {
		addresses, lookupErr := net.DefaultResolver.LookupHost(context.Background(), c.Host)
		if err = errors.Join(err, lookupErr); err == nil {
			env = append(env, "PGHOST="+c.TLS.ServerName, "PGHOSTADDR="+addresses[0])
		}
	}
	if err != nil {
		memfile.CloseAll(files)
		return nil, nil, err
	}
	return env, files, nil
}
