package registry

import (
	"encoding/json"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Package is a package document ("packument").
type Package struct {
	Name     string             `json:"name"`
	DistTags Strings            `json:"dist-tags,omitempty"`
	Versions map[string]Version `json:"versions"`
	// Times says when each version came into this registry. A mirror gives
	// the time at which it first fetched the version.
	Times Times `json:"time,omitempty"`

	// Fetched is when the registry last confirmed this document.
	Fetched time.Time `json:"-"`
	// Stale says that the registry could not be asked and this is what it
	// said at Fetched.
	Stale bool `json:"-"`
}

// Version is one version's part of a package document.
type Version struct {
	Version              string   `json:"version"`
	Dependencies         Strings  `json:"dependencies,omitempty"`
	OptionalDependencies Strings  `json:"optionalDependencies,omitempty"`
	PeerDependencies     Strings  `json:"peerDependencies,omitempty"`
	PeerMeta             PeerMeta `json:"peerDependenciesMeta,omitempty"`
	Engines              Strings  `json:"engines,omitempty"`
	Deprecated           Text     `json:"deprecated,omitempty"`
	License              License  `json:"license,omitempty"`
	Dist                 Dist     `json:"dist"`
	// Extension is what a Directus extension says of itself.
	Extension Extension `json:"directus:extension,omitzero"`
}

// Extension is the part of "directus:extension" that tells what a version fits.
type Extension struct {
	Type string `json:"type,omitempty"`
	// Host is the range of Directus versions that it was made for.
	Host string `json:"host,omitempty"`
}

// Dist says where a version's tarball is and what its digest must be.
type Dist struct {
	Tarball   string `json:"tarball"`
	Integrity string `json:"integrity,omitempty"`
	Shasum    string `json:"shasum,omitempty"`
	Size      int64  `json:"unpackedSize,omitempty"`
}

// Documents of old packages hold lists, objects or numbers where one expects
// text. Such values are of no use to anybody and must not make the whole
// document unreadable, so the types below take what they can.

// Strings is a map of text; other values are left out.
type Strings map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (s *Strings) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	*s = nil
	if json.Unmarshal(data, &raw) != nil {
		return nil
	}
	*s = make(Strings, len(raw))
	for key, value := range raw {
		var text string
		if json.Unmarshal(value, &text) == nil {
			(*s)[key] = text
		}
	}
	return nil
}

// Times is a map of times; other values are left out.
type Times map[string]time.Time

// UnmarshalJSON implements json.Unmarshaler.
func (t *Times) UnmarshalJSON(data []byte) error {
	var raw Strings
	if err := raw.UnmarshalJSON(data); err != nil {
		return err
	}
	*t = make(Times, len(raw))
	for key, value := range raw {
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			(*t)[key] = at
		}
	}
	return nil
}

// Text is text; anything else is "".
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = ""
	}
	*t = Text(text)
	return nil
}

// License is a licence expression; the old object form {"type": …} counts.
type License string

// UnmarshalJSON implements json.Unmarshaler.
func (l *License) UnmarshalJSON(data []byte) error {
	var text string
	var object struct {
		Type string `json:"type"`
	}
	switch {
	case json.Unmarshal(data, &text) == nil:
		*l = License(text)
	case json.Unmarshal(data, &object) == nil:
		*l = License(object.Type)
	default:
		*l = ""
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler. Other packages may have a value of
// any kind under the same key.
func (e *Extension) UnmarshalJSON(data []byte) error {
	var raw struct {
		Type Text `json:"type"`
		Host Text `json:"host"`
	}
	if json.Unmarshal(data, &raw) != nil {
		raw.Type, raw.Host = "", ""
	}
	*e = Extension{Type: string(raw.Type), Host: string(raw.Host)}
	return nil
}

// PeerMeta says which peer dependencies are optional.
type PeerMeta map[string]struct {
	Optional bool `json:"optional"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *PeerMeta) UnmarshalJSON(data []byte) error {
	type plain PeerMeta
	var read plain
	if json.Unmarshal(data, &read) != nil {
		read = nil
	}
	*m = PeerMeta(read)
	return nil
}

// Newest returns the newest version that is not a prerelease, or "".
func (p *Package) Newest() string {
	best, err := p.Best("*", nil)
	if err != nil {
		return ""
	}
	return best.Version
}

// Best returns the newest version that satisfies an npm range (an exact
// version, a dist-tag, or a range) and that accept, if given, accepts.
// Deprecated versions are taken only when nothing else is there, as npm does.
// The error is a *NoVersionError.
func (p *Package) Best(wanted string, accept func(Version) bool) (Version, error) {
	if version, found := p.Versions[wanted]; found && (accept == nil || accept(version)) {
		return version, nil
	}
	if version, found := p.Versions[p.DistTags[wanted]]; found && (accept == nil || accept(version)) {
		return version, nil
	}
	none := func() (Version, error) {
		failure := &NoVersionError{Package: p.Name, Wanted: wanted}
		if wanted != "*" {
			failure.Newest = p.Newest()
		}
		return Version{}, forPerson(failure)
	}
	matches, err := ParseRange(wanted)
	if err != nil {
		return none()
	}
	var best, bestDeprecated *semver.Version
	for name, version := range p.Versions {
		parsed, err := semver.StrictNewVersion(name)
		if err != nil || !matches(parsed) || (accept != nil && !accept(version)) {
			continue
		}
		slot := &best
		if version.Deprecated != "" {
			slot = &bestDeprecated
		}
		if *slot == nil || parsed.GreaterThan(*slot) {
			*slot = parsed
		}
	}
	if best == nil {
		best = bestDeprecated
	}
	if best == nil {
		return none()
	}
	return p.Versions[best.Original()], nil
}
