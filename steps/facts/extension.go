package facts

import "bunnyhop/internal/advisory"

// Extension is one installed extension.
type Extension struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Version string `json:"version,omitempty"`
	Host    string `json:"host,omitempty"`
	Problem string `json:"problem,omitempty"`
	// Source is "local" (a folder), "registry" (the marketplace) or "module" (a
	// package of the project), Folder its folder or package.
	Source string `json:"source,omitempty"`
	Folder string `json:"folder,omitempty"`
	// Entries are the parts of a bundle, as "type name".
	Entries   []string `json:"entries,omitempty"`
	Sandboxed bool     `json:"sandboxed,omitempty"`
}

// The answers of CheckedExtension.Fits.
const (
	FitsYes     = "yes"
	FitsNo      = "no"
	FitsUnknown = "unknown"
)

// CheckedExtension is an extension as the target sees it.
type CheckedExtension struct {
	Extension
	// Off is set when the project has switched it off, PartsOff are the parts of
	// a bundle that it has switched off.
	Off      bool     `json:"off,omitempty"`
	PartsOff []string `json:"parts_off,omitempty"`
	// Fits says whether its host range takes the target. Directus does not look.
	Fits string `json:"fits"`
	// Newest is the newest version in the npm registry that is made for the
	// target, with its host range; NewestWhy says why there is none, or why it
	// cannot be told.
	Newest     string                  `json:"newest,omitempty"`
	NewestHost string                  `json:"newest_host,omitempty"`
	NewestWhy  string                  `json:"newest_why,omitempty"`
	Uses       []advisory.ExtensionUse `json:"uses,omitempty"`
}

// ExtensionState is an extension, or a part of a bundle, as a server tells of
// it.
type ExtensionState struct {
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Version string `json:"version,omitempty"`
	// Loaded is set when the server has its code and it is switched on.
	Loaded bool `json:"loaded"`
	// Off is set when the server has its code and it is switched off.
	Off bool `json:"off,omitempty"`
}
