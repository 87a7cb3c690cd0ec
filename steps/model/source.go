// Package model finds and reads data models where they are: in a project's
// database, in a running server, or in the file or folder of a snapshot.
package model

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
)

// Kind is a kind of place.
type Kind string

// The kinds.
const (
	Project  Kind = "project"  // a folder with an installation
	Server   Kind = "server"   // an address
	Snapshot Kind = "snapshot" // a file, or a folder of directus-sync
)

// Source is a place that has a data model.
type Source struct {
	Kind Kind `json:"kind"`
	// Place is an absolute path, or an address without a password.
	Place string `json:"place"`
}

// Find says what a word of the command line means.
func Find(word string) (Source, error) {
	if strings.Contains(word, "://") {
		return address(word)
	}
	path, err := filepath.Abs(word)
	if err != nil {
		return Source{}, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Source{}, fault.Newf("there is no %s", word).
			WithHint("name a project's folder, a server's address with https://, or the file of a snapshot").WithCode(fault.Usage)
	}
	if err != nil {
		return Source{}, fault.Wrap(err, "", "").WithCode(fault.Usage)
	}
	if !info.IsDir() {
		return Source{Snapshot, path}, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	_, notProject := project.Detect(path)
	if notProject == nil {
		return Source{Project, path}, nil
	}
	for _, sign := range []string{"info.json", "snapshot", "collections"} {
		if _, err := os.Stat(filepath.Join(path, sign)); err == nil {
			return Source{Snapshot, path}, nil
		}
	}
	return Source{}, fault.Wrap(notProject, word+" is neither a project nor a snapshot", fault.HintOf(notProject)).WithCode(fault.Usage)
}

func address(word string) (Source, error) {
	u, err := url.Parse(word)
	if err != nil {
		// The parser's own error repeats the address, in which a password may be.
		return Source{}, fault.New("the address of the server cannot be read", "write it as https://cms.example.com").WithCode(fault.Usage)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Source{}, fault.Newf("%s:// is no address of a Directus", u.Scheme).WithHint("write it as https://cms.example.com").WithCode(fault.Usage)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Source{}, fault.New("the address of a server must be without a user, a password or a token",
			"what stands in a command line can be read by others: "+howToLogIn).WithCode(fault.Usage)
	case u.Host == "":
		return Source{}, fault.New("the address of the server has no host", "write it as https://cms.example.com").WithCode(fault.Usage)
	}
	return Source{Server, strings.TrimRight(u.String(), "/")}, nil
}

// Name is a short name for headings: a folder's or file's name, or the host.
func (s Source) Name() string {
	if s.Kind == Server {
		if u, err := url.Parse(s.Place); err == nil {
			return u.Host + u.Path
		}
	}
	return filepath.Base(s.Place)
}
