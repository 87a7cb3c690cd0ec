package project

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestManualEnv(t *testing.T) {
	files := map[string]string{
		".env": "PORT=8055\nDB_PASSWORD=string:0123\nA=0123\nB=1,2,three\nC=true\nD={\"x\":1}\nE='a\nb'\nF=json:[1,\"2\"]\nG=number:5\nSECRET_FILE=./s\nDB_PORT=5432\nH=\nI=regex:^a$\nJ=1e5\nK=array:a\nL=boolean:false\nM=http://x:1/,y\nKEY=123\nSTORAGE_S3_SECRET=12\nDB_X__Y_Z=1\nN=string:a,b\nHOST=0\n",
		"c.json": `{"PORT":8055,"A":[1,"2","true","a,b"],"B":{"x":[1,null]},"C":true,"D":null,"E":1.5,"F":"x,y","G":["a","b"],"DB_PASSWORD":123,"H":1e21,"I":"json:{\"a\":1}"}`,
		"c.cjs":  `module.exports={A:/a+/,B:Infinity,C:[1,2],D:{e:undefined,f:1},PORT:1,G:123456789012,DB_EXCLUDE_TABLES:['a','b'],H:'string:5'}`,
		"c.yaml": "A: yes\nB: 012\nC: 1.0\nD: [a, true]\nE: 0x10\nF: ~\nG: 'str'\nDB_PASSWORD: 0123\n",
		"s":      "line\n",
	}
	for _, d := range []struct{ dir, node string }{{"d10", "/usr/bin/node"}, {"d11", "/work/lab/node22full/bin/node"}, {"d12", "/work/lab/node22full/bin/node"}} {
		for _, name := range []string{".env", "c.json", "c.cjs", "c.yaml"} {
			root := write(t, files)
			p := &Project{Root: root}
			if err := p.LoadConfig(t.Context(), []string{"PATH=" + os.Getenv("PATH"), "CONFIG_PATH=" + name, "DB_USER=007", "CORS_ORIGIN=a,b"}, d.node); err != nil {
				t.Fatal(err)
			}
			data, _ := json.Marshal(p.Config.All())
			os.WriteFile(filepath.Join(root, "all.json"), data, 0o600)
			run := func(conf string, extra ...string) map[string]any {
				cmd := exec.Command(d.node, "--input-type=module", "-e", `import {useEnv} from '/work/lab/`+d.dir+`/node_modules/@directus/env/dist/index.js'; const e=useEnv(); console.log(JSON.stringify(e,(k,v)=>v instanceof RegExp?'RE '+v:(typeof v==='number'&&!Number.isFinite(v)?'N'+v:v)))`)
				cmd.Dir = root
				cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "CONFIG_PATH=" + conf}, extra...)
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err, string(err.(*exec.ExitError).Stderr))
				}
				m := map[string]any{}
				json.Unmarshal(out, &m)
				delete(m, "CONFIG_PATH")
				return m
			}
			a := run(name, "DB_USER=007", "CORS_ORIGIN=a,b")
			b := run("all.json")
			if diff := cmp.Diff(a, b); diff != "" {
				t.Errorf("%s %s\n%s", d.dir, name, diff)
			}
		}
	}
}
