package node

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/registry/environ"
)

//go:embed load.js
var loadScript string

// LoadError says that a module could not be loaded.
type LoadError struct {
	Module  string
	Node    string // version
	Code    string // Node's error code: ERR_DLOPEN_FAILED, MODULE_NOT_FOUND …; or a signal
	Message string // the first line
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("%s does not load under Node %s: %s: %s", e.Module, e.Node, e.Code, e.Message)
}

// LoadModule loads a module under this very Node, from dir as Directus would:
// from dir itself, or, where a package manager keeps dependencies apart (pnpm),
// from directus or @directus/api in it. The error holds a *LoadError.
func (r *Runtime) LoadModule(ctx context.Context, dir, module string) error {
	var answer struct {
		OK      bool   `json:"ok"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	env := environ.With(r.Environ(environ.With(os.Environ(), "NODE_OPTIONS=")), "NODE_PATH=")
	err := ask(ctx, r.Node, []string{"-e", loadScript, "--", dir, module}, dir, env, &answer)
	failure := &LoadError{Module: module, Node: r.Version, Code: answer.Code, Message: answer.Message}
	var exit *process.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.Signal != "":
		failure.Code, failure.Message = exit.Signal, "Node died while loading it"
	case err != nil:
		return fmt.Errorf("loading %s: %w", module, err)
	case answer.OK:
		return nil
	}
	return fault.Wrap(failure, "", failure.hint())
}

var otherABI = regexp.MustCompile(`NODE_MODULE_VERSION (\d+)`)

func (e *LoadError) hint() string {
	switch {
	case e.Code == "MODULE_NOT_FOUND" || e.Code == "ERR_MODULE_NOT_FOUND":
		return "it is not installed, or its install script did not run: look at ignore-scripts (npm config get ignore-scripts) and at the package manager's list of allowed build scripts"
	case otherABI.MatchString(e.Message):
		return "it was compiled for another Node: install again under Node " + e.Node
	case strings.Contains(e.Message, "GLIBC_") || strings.Contains(e.Message, "GLIBCXX_"):
		return "it was compiled on a newer system: install on this one"
	case strings.Contains(e.Message, "ELF") || strings.Contains(e.Message, "file too short"):
		return "its file is damaged or for another machine: install again"
	case strings.Contains(e.Message, "cannot open shared object file"):
		return "a library of the system that it needs is missing: install the named one"
	}
	return "install again under Node " + e.Node
}
