package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// imageName is Directus' image in a Compose file or Dockerfile, with its tag
// and digest.
var imageName = regexp.MustCompile(`(?m)^\s*(?:-\s*)?(?:image:\s*|FROM\s+(?:--\S+\s+)?)["']?((?:docker\.io/|ghcr\.io/)?directus/directus)(?::([^\s"'@]+))?(@sha256:[0-9a-f]+)?["']?(?:\s|$)`)

func detectFloatingVersion(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for name, text := range in.Files {
		if name == "package.json" {
			var manifest struct {
				Dependencies map[string]string `json:"dependencies"`
			}
			if json.Unmarshal([]byte(text), &manifest) == nil {
				if wanted, ok := manifest.Dependencies["directus"]; ok && endless(wanted) {
					evidence = append(evidence, fmt.Sprintf("package.json: directus %q", wanted))
				}
			}
			continue
		}
		for _, match := range imageName.FindAllStringSubmatch(text, -1) {
			tag, digest := match[2], match[3]
			if digest == "" && !strings.Contains(tag, "$") && !exactTag(tag) {
				evidence = append(evidence, name+": "+strings.TrimSpace(match[0]))
			}
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}

// endless reports whether a range of npm lets a later major in.
func endless(wanted string) bool {
	wanted = strings.TrimSpace(wanted)
	if wanted == "latest" || wanted == "next" || wanted == "" {
		return true
	}
	allowed, err := semver.NewConstraint(wanted)
	return err == nil && allowed.Check(semver.New(999, 0, 0, "", ""))
}

// exactTag reports whether a tag of the image stands for one release.
func exactTag(tag string) bool {
	_, err := semver.StrictNewVersion(strings.TrimPrefix(strings.TrimSuffix(tag, "-dhi"), "v"))
	return err == nil
}
