package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
)

// InExtensions looks for a name in the code of a project's extensions that may
// give it: which names an extension gives stands nowhere else.
func InExtensions(all []directus.Extension) (func(kind, id string) bool, error) {
	code := map[string][][]byte{}
	for _, e := range all {
		if e.Problem != "" {
			continue
		}
		for _, kind := range []string{"interface", "display"} {
			part := slices.ContainsFunc(e.Entries, func(entry string) bool { return strings.HasPrefix(entry, kind+" ") })
			if e.Type != kind && !part {
				continue
			}
			files, err := codeIn(e.Path)
			if err != nil {
				return nil, fmt.Errorf("reading the extension %s: %w", e.Name, err)
			}
			code[kind] = append(code[kind], files...)
		}
	}
	return func(kind, id string) bool {
		for _, text := range code[kind] {
			for _, quote := range []string{`"`, `'`, "`"} {
				if bytes.Contains(text, []byte(quote+id+quote)) {
					return true
				}
			}
		}
		return false
	}, nil
}

// mostCode is more than any built extension has in a file.
const mostCode = 64 << 20

// codeIn reads the scripts of an extension, without those that it depends on.
func codeIn(dir string) ([][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read from
	var files [][]byte
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || !slices.Contains([]string{".js", ".mjs", ".cjs"}, filepath.Ext(path)) {
			return nil
		}
		if info, err := entry.Info(); err != nil || info.Size() > mostCode {
			return errors.Join(err, fs.ErrInvalid)
		}
		text, err := root.ReadFile(path)
		files = append(files, text)
		return err
	})
	return files, err
}

// Named guesses from the names of a server's extensions, which do not have to
// be the names of what they give: "directus-extension-wysiwyg-interface" is
// taken for the interface "wysiwyg". A bundle may give anything.
func Named(all []directus.LoadedExtension) func(kind, id string) bool {
	return func(kind, id string) bool {
		return slices.ContainsFunc(all, func(e directus.LoadedExtension) bool {
			if !e.Enabled || e.Type != kind {
				return false
			}
			return bare(e.Name, kind) == bare(id, kind)
		})
	}
}

func bare(text, kind string) string {
	text = strings.ToLower(text[strings.LastIndex(text, "/")+1:])
	text = strings.TrimPrefix(strings.TrimPrefix(text, "directus-extension-"), kind+"-")
	return strings.NewReplacer("-", "", "_", "").Replace(strings.TrimSuffix(text, "-"+kind))
}
