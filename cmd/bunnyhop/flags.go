package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bunnyhop/internal/fault"
	"bunnyhop/steps/model"
	"bunnyhop/steps/site"
)

// globalFlags are the flags that every command takes.
type globalFlags struct {
	project   string
	config    string
	json      bool
	yes       bool
	plain     bool
	noColor   bool
	verbose   bool
	overrides []string
	decisions string
	confirm   string
}

func (f *globalFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.project, "project", ".", "the project's `folder`")
	flags.StringVar(&f.config, "config", "", "settings `file` (default: bunnyhop.yaml in the project)")
	flags.BoolVar(&f.json, "json", false, "print JSON: one document, or one object a line for long runs (docs/json.md)")
	flags.BoolVarP(&f.yes, "yes", "y", false, "take the default everywhere; passes no blocker and deletes nothing")
	flags.BoolVar(&f.plain, "plain", false, "plain lines instead of screens; on a terminal, questions are asked line by line")
	flags.BoolVar(&f.noColor, "no-color", false, "no colours (NO_COLOR works too)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "also print the output of what is run")
	flags.StringArrayVar(&f.overrides, "override", nil, "pass the blocking finding of this `ID` (repeatable)")
	flags.StringVar(&f.decisions, "decisions", "", "`file` (JSON or YAML) with a decision per change: accept or reject")
	flags.StringVar(&f.confirm, "confirm", "", "the `name` that a destructive step asks to be typed")
	for _, name := range []string{"config", "decisions"} {
		_ = cmd.MarkPersistentFlagFilename(name, "json", "yaml", "yml")
	}
	_ = cmd.MarkPersistentFlagDirname("project")
}

// site returns where the project is and what it is opened with. The folder
// has to exist; whether a project is in it, the flow finds out.
func (a *app) site() (site.Options, error) {
	if strings.Contains(a.flags.project, "://") {
		return a.serverSite()
	}
	root, err := filepath.Abs(a.flags.project)
	if err != nil {
		return site.Options{}, err
	}
	info, err := os.Stat(root)
	if err != nil || !info.IsDir() {
		return site.Options{}, fault.New("there is no folder "+a.flags.project, "name the project's folder with --project DIR").
			WithCode(fault.Usage)
	}
	// A folder is one project whichever way it is reached.
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	o := site.Options{Root: root, Environ: a.environ}
	if a.flags.config == "" {
		return o, nil
	}
	if o.SettingsFile, err = filepath.Abs(a.flags.config); err != nil {
		return o, err
	}
	if _, err := os.Stat(o.SettingsFile); err != nil {
		return o, fault.New("the settings file "+a.flags.config+" cannot be read", "see that --config names a readable YAML file").
			WithCode(fault.Usage)
	}
	return o, nil
}

// serverSite is the place of a server that is only known by its address.
func (a *app) serverSite() (site.Options, error) {
	source, err := model.Find(a.flags.project)
	if err != nil {
		return site.Options{}, err
	}
	root, err := serverRoot(source)
	if err != nil {
		return site.Options{}, err
	}
	return site.Options{Root: root, Environ: a.environ}, os.MkdirAll(root, 0o700)
}

// withProject makes the commands in a hint work from this folder, by naming
// the project that the command line named.
func (a *app) withProject(text string) string {
	suffix := a.projectFlag()
	if suffix == "" || !strings.Contains(text, "`bunnyhop ") {
		return text
	}
	parts := strings.Split(text, "`")
	// Every second part stands between backquotes.
	for i := 1; i < len(parts); i += 2 {
		if strings.HasPrefix(parts[i], "bunnyhop ") && !strings.Contains(parts[i], "--project") {
			parts[i] += suffix
		}
	}
	return strings.Join(parts, "`")
}

// projectFlag is " --project DIR" where the project is not in this folder.
func (a *app) projectFlag() string {
	if a.flags.project == "." || a.flags.project == "" {
		return ""
	}
	return " --project " + shellQuote(a.flags.project)
}

// shellQuote quotes a word for a POSIX shell where it needs that.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,~", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 && !strings.HasPrefix(word, "~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
