package packages

import (
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// cause is one way in which an install fails.
type cause struct {
	pattern *regexp.Regexp // the first group, if any, goes into what for %s
	what    string
	hint    string
}

// causes are looked at in order: the first that occurs in the output names
// the failure, so what explains more stands above what it may lead to.
var causes = []cause{
	{
		regexp.MustCompile(`ENOSPC|No space left on device|no space left on device`),
		"the disk is full", "make room on the cache's filesystem ($XDG_CACHE_HOME, or ~/.cache), then run again",
	},
	{
		regexp.MustCompile(`YN0016: .*quarantined|NO_MATURE_MATCHING_VERSION|minimumReleaseAge`),
		"a version that is needed is newer than the package manager accepts",
		"wait a few days, or lower the limit in the project's settings (yarn: npmMinimalAgeGate, pnpm: minimumReleaseAge)",
	},
	{
		regexp.MustCompile(`(?:EINTEGRITY|ERR_PNPM_TARBALL_INTEGRITY|Integrity check failed|YN0018).*`),
		"a package is not what the lockfile or the registry describes",
		"clear the package manager's cache and run again; if it stays, a mirror changes files or the lockfile is wrong",
	},
	{
		regexp.MustCompile(`(?:No matching version found for |ERR_PNPM_NO_MATCHING_VERSION\S* +No matching version found for |Couldn't find any versions for |YN0082: .*?)"?([^\s"]+?)"?[.,:]?(?:\s|$)`),
		"the registry has no version that fits %s", "choose another version of Directus, or correct that range in package.json",
	},
	{
		regexp.MustCompile(`code ETARGET|ERR_PNPM_NO_MATCHING_VERSION`),
		"the registry lacks a version that is needed", "choose another version of Directus",
	},
	{
		regexp.MustCompile(`(?:code E40[13]|ENEEDAUTH|ERR_PNPM_FETCH_40[13]|YN0041|401 Unauthorized|403 Forbidden)`),
		"the registry refuses access", "log in again with npm login, or correct the project's .npmrc",
	},
	{
		regexp.MustCompile(`(?:404 +Not Found - GET |ERR_PNPM_FETCH_404\S* +GET |YN0035: .*?|Request failed "404[^"]*" *|Couldn't find package ")"?([^\s":]+(?:://[^\s"]+)?)`),
		"the registry does not have %s", "check its name in package.json, and which registry npm uses: npm config get registry",
	},
	{
		regexp.MustCompile(`code E404`),
		"the registry lacks a package that is needed", "check package.json, and which registry npm uses: npm config get registry",
	},
	{
		regexp.MustCompile(`ERESOLVE|ERR_PNPM_PEER_DEP_ISSUES`),
		"packages of this project want different versions of the same package",
		"update or remove what package.json has beside directus; with npm, legacy-peer-deps=true in the project's .npmrc puts the question off",
	},
	{
		regexp.MustCompile(`(?:gyp ERR! find Python|Could not find any Python)`),
		"a native module must be compiled, and Python is missing", "install python3, make and a C++ compiler (Debian: apt install python3 build-essential), then run again",
	},
	{
		regexp.MustCompile(`(?:gyp ERR!.*not found: (make|g\+\+|c\+\+)|(?:sh|/bin/sh): .*?(make|g\+\+): not found|make: (?:g\+\+|c\+\+|cc): No such file)`),
		"a native module must be compiled, and the compiler is missing", "install python3, make and a C++ compiler (Debian: apt install python3 build-essential), then run again",
	},
	{
		regexp.MustCompile(`gyp ERR! (?:stack )?.*(?:ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT).*`),
		"a native module must be compiled, and Node's headers cannot be fetched", "let bunnyhop fetch Node (it brings its headers), or set nodedir in .npmrc to a folder with this Node's headers",
	},
	{
		regexp.MustCompile(`gyp ERR! cwd (\S+)`),
		"compiling a native module failed in %s", "look at the compiler's lines above; the Node version or the compiler may be too new or too old for it",
	},
	{
		regexp.MustCompile(`gyp ERR!`),
		"compiling a native module failed", "look at the compiler's lines above; the Node version or the compiler may be too new or too old for it",
	},
	{
		regexp.MustCompile(`ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|ERR_PNPM_META_FETCH_FAIL|YN0001: .*RequestError|network connection`),
		"the registry does not answer", "check the network and proxy, then run again; what was fetched is kept by the package manager",
	},
	{
		regexp.MustCompile(`EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE|The engine "node" is incompatible`),
		"a package does not accept this Node version", "update that package, or take it out of package.json",
	},
	{
		regexp.MustCompile(`EACCES|EPERM|EROFS`),
		"a file could not be written", "check who owns the cache folder and the package manager's own cache",
	},
	{
		regexp.MustCompile(`heap out of memory|Cannot allocate memory|Killed`),
		"there was not enough memory", "make more memory or swap available (2 GB are enough), then run again",
	},
}

// warning matches lines that tell of what did not end the install: they hold
// the same words.
var warning = regexp.MustCompile(`^(npm (warn|WARN)|warning |\s*WARN\b|prebuild-install warn|➤ YN0000|➤ YN0002|➤ YN0086)`)

// Explain turns a failed install's output into an error for a person. Manager
// is the name to show, dir the folder it ran in, lines its last output.
func Explain(manager, dir string, lines []string, err error) *fault.Error {
	lines = slices.DeleteFunc(slices.Clone(lines), warning.MatchString)
	text := strings.Join(lines, "\n") + "\n"
	for _, c := range causes {
		match := c.pattern.FindStringSubmatch(text)
		if match == nil {
			continue
		}
		return fault.Wrap(err, manager+" could not install: "+fill(c.what, dir, match[1:]), c.hint)
	}
	if strings.Contains(text, "npm error path "+dir+"\n") || strings.Contains(text, "npm ERR! path "+dir+"\n") {
		return fault.Wrap(err, manager+" could not install: an install script of the project itself failed",
			"package.json's own install scripts run in a folder that has only its package files; make the script pass without the others")
	}
	return fault.Wrap(err, manager+" could not install", "look at its last lines above")
}

// fill puts the first group that matched into a sentence.
func fill(what, dir string, groups []string) string {
	if !strings.Contains(what, "%s") {
		return what
	}
	for _, group := range groups {
		if group != "" {
			return strings.Replace(what, "%s", strings.TrimPrefix(strings.TrimPrefix(group, dir+"/"), "node_modules/"), 1)
		}
	}
	return strings.Replace(what, " %s", "", 1)
}
