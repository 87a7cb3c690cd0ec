package postgres

import (
	"testing"

	"bunnyhop/internal/process"
)

// Of several servers it is not known which one is meant, and nothing is
// guessed.
func TestOnlyDataDir(t *testing.T) {
	server := func(pid int, argv ...string) process.Info { return process.Info{PID: pid, Command: argv} }
	one := server(1<<30, "/usr/lib/postgresql/15/bin/postgres", "-D", "/var/lib/postgresql/15/main", "-c", "config_file=x")
	other := server(1<<30+1, "postgres", "-D", "/srv/pg")
	client := server(1<<30+2, "vim", "-D", "/tmp")
	for want, all := range map[string][]process.Info{
		"/var/lib/postgresql/15/main": {one, client, one},
		"":                            {one, other},
	} {
		if got := onlyDataDir(all); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := onlyDataDir([]process.Info{client, server(1, "postgres: checkpointer"), server(2, "postgres", "-D")}); got != "" {
		t.Errorf("%q", got)
	}
}
