package advisory

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/dustin/go-humanize/english"

	"bunnyhop/internal/directus"
)

// detectTrustProxy looks for signs of a proxy, and for what depends on the
// visitor's address. A header of the project's own is read in any case
// (@directus/api 39.2.0, dist/utils/get-ip-from-req.js).
func detectTrustProxy(ctx context.Context, in Input) ([]string, bool, error) {
	if in.isSet("IP_TRUST_PROXY") || in.isSet("IP_CUSTOM_HEADER") {
		return nil, false, nil
	}
	var evidence []string
	if public := in.value("PUBLIC_URL"); strings.HasPrefix(strings.ToLower(public), "https://") {
		evidence = append(evidence, "PUBLIC_URL is https, which a proxy in front of Directus answers: the activity log would hold its address")
	}
	if in.value("RATE_LIMITER_ENABLED") == "true" {
		evidence = append(evidence, "RATE_LIMITER_ENABLED=true: all visitors would share one limit")
	}
	matrix, err := in.access(ctx)
	if err != nil {
		return nil, false, err
	}
	var limited []string
	for _, p := range matrix.Principals {
		for _, ip := range p.IP {
			limited = append(limited, p.Kind+" "+p.Name+" is limited to "+ip)
		}
	}
	slices.Sort(limited)
	return found(append(evidence, limited...))
}

func detectSchemaApply(_ context.Context, in Input) ([]string, bool, error) {
	_, to, err := in.versions()
	if err != nil {
		return nil, false, err
	}
	n := len(in.Usage.Collections)
	if !licensed(in) || n <= directus.CoreCollections || !to.LessThan(semver.MustParse("12.2.0")) {
		return nil, false, nil
	}
	return []string{english.Plural(n, "collection", "")}, true, nil
}

func detectSingleUse(ctx context.Context, in Input) ([]string, bool, error) {
	if in.isSet("GRAPHQL_SINGLE_USE_MUTATIONS") {
		return nil, false, nil
	}
	return outside(ctx, in)
}

func detectGraphQLWebSockets(_ context.Context, in Input) ([]string, bool, error) {
	if in.value("WEBSOCKETS_ENABLED") != "true" || in.value("WEBSOCKETS_GRAPHQL_ENABLED") == "false" || in.value("GRAPHQL_INTROSPECTION") != "false" {
		return nil, false, nil
	}
	return []string{"WEBSOCKETS_ENABLED=true, GRAPHQL_INTROSPECTION=false"}, true, nil
}

// detectWebSocketOrigins cannot tell which pages use WebSockets; a CORS_ORIGIN
// that lists addresses may be all that is needed.
func detectWebSocketOrigins(_ context.Context, in Input) ([]string, bool, error) {
	enabled, origin := in.value("CORS_ENABLED") == "true", in.value("CORS_ORIGIN")
	if in.value("WEBSOCKETS_ENABLED") != "true" || enabled && origin == "true" {
		return nil, false, nil
	}
	evidence := []string{"WEBSOCKETS_ENABLED=true"}
	switch {
	case !enabled:
		evidence = append(evidence, "CORS_ENABLED is not true: only pages on the address of PUBLIC_URL get through")
	case origin == "" || origin == "false" || origin == "*":
		evidence = append(evidence, "CORS_ORIGIN is "+quoteEmpty(origin)+": only pages on the address of PUBLIC_URL get through")
	default:
		evidence = append(evidence, "CORS_ORIGIN="+origin)
	}
	return evidence, false, errUntold
}

func quoteEmpty(text string) string {
	if text == "" {
		return "not set"
	}
	return text
}

// localRoots lists the folders of the local storage locations.
func localRoots(in Input) map[string]string {
	locations := in.value("STORAGE_LOCATIONS")
	if locations == "" {
		locations = "local"
	}
	roots := map[string]string{}
	for location := range strings.SplitSeq(locations, ",") {
		name := strings.ToUpper(strings.TrimSpace(location))
		driver, root := in.value("STORAGE_"+name+"_DRIVER"), in.value("STORAGE_"+name+"_ROOT")
		if name == "LOCAL" {
			driver = orDefault(driver, "local")
			root = orDefault(root, "./uploads")
		}
		if driver == "local" && root != "" {
			roots["STORAGE_"+name+"_ROOT"] = in.absolute(root)
		}
	}
	return roots
}

func orDefault(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// absolute is a path that a setting gives, from the project's folder on.
func (in Input) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(in.Root, path)
}

func detectStorageFolders(_ context.Context, in Input) ([]string, bool, error) {
	reserved := map[string]string{
		"EXTENSIONS_PATH": in.absolute(orDefault(in.value("EXTENSIONS_PATH"), "./extensions")),
		"TEMP_PATH":       in.absolute(orDefault(in.value("TEMP_PATH"), "./node_modules/.directus")),
	}
	var evidence []string
	for key, root := range localRoots(in) {
		for name, folder := range reserved {
			if root == folder || strings.HasPrefix(root, folder+string(filepath.Separator)) {
				evidence = append(evidence, fmt.Sprintf("%s (%s) lies in %s (%s)", key, root, name, folder))
			}
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}

func detectS3(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for location := range strings.SplitSeq(in.value("STORAGE_LOCATIONS"), ",") {
		key := "STORAGE_" + strings.ToUpper(strings.TrimSpace(location)) + "_DRIVER"
		if in.value(key) == "s3" {
			evidence = append(evidence, key+"=s3")
		}
	}
	if len(evidence) == 0 {
		return nil, false, nil
	}
	return evidence, false, errUntold
}

const importLimit = 50 << 20 // bytes

func detectImportSize(ctx context.Context, in Input) ([]string, bool, error) {
	if in.isSet("IMPORT_MAX_FILE_SIZE") {
		return nil, false, nil
	}
	if in.Root == "" {
		return nil, false, errUntold
	}
	all, err := in.snapshots(ctx)
	if err != nil {
		return nil, false, err
	}
	var evidence []string
	for _, s := range all {
		if s.size > importLimit {
			evidence = append(evidence, fmt.Sprintf("%s has %d MB", s.name, s.size>>20))
		}
	}
	if len(evidence) == 0 {
		return nil, false, errUntold
	}
	return found(evidence)
}

var (
	directusImage = regexp.MustCompile(`(?im)^\s*(?:-\s*)?(?:FROM\s+(?:--\S+\s+)?|image:\s*["']?)(?:\S*/)?directus/directus\b`)
	imageCommand  = regexp.MustCompile(`\b(?:npx|npm|pnpm|yarn|corepack)\b`)
	commandLine   = regexp.MustCompile(`(?i)^\s*(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)\b|^\s*(?:command|entrypoint|test)\s*:|^\s*-\s|^\s*&&|^\s+\S`)
	fromLine      = regexp.MustCompile(`(?i)^\s*FROM\s`)
	serviceImage  = regexp.MustCompile(`^\s*(?:-\s*)?image\s*:`)
)

// detectImageCommands looks for npm and its like in commands of files that use
// Directus' image: in a Dockerfile after its FROM, in a Compose file anywhere,
// unless another image was named last.
func detectImageCommands(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for name, text := range in.Files {
		if !directusImage.MatchString(text) {
			continue
		}
		compose := strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")
		within := compose
		for i, line := range strings.Split(text, "\n") {
			if fromLine.MatchString(line) || serviceImage.MatchString(line) {
				within = directusImage.MatchString(line)
				continue
			}
			code, _, _ := strings.Cut(line, " #")
			if within && !strings.HasPrefix(strings.TrimSpace(code), "#") && commandLine.MatchString(code) && imageCommand.MatchString(code) {
				evidence = append(evidence, fmt.Sprintf("%s line %d: %s", name, i+1, strings.TrimSpace(code)))
			}
		}
	}
	slices.Sort(evidence)
	return found(evidence)
}
