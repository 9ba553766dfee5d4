// Package settings gives every setting of a program two doors, the command line
// and a TOML file, from one table: a struct with the tags of kong.
//
//	type Settings struct {
//		Timestep float64       `default:"0.5" help:"Time step, fs."`
//		MaxTime  time.Duration `default:"0" help:"Stop after this long; 0 is never."`
//		Model    struct {
//			Channels int `default:"32" help:"Channels per atom."`
//		} `embed:"" prefix:"model."`
//	}
//
//	var cli struct {
//		File     settings.File `arg:"" optional:"" help:"Run file."`
//		Settings `embed:""`
//		JSON     bool `toml:"-" help:"Print tables as JSON."`
//	}
//	parser, err := kong.New(&cli)
//	ctx, err := parser.Parse(os.Args[1:])
//	err = settings.Write(file, ctx, "Effective settings of this run.")
//
// The flag --max-time is the key max_time, --model.channels is the key channels
// of the table [model]. A flag wins over the file and the file over the default.
// A flag tagged toml:"-" is no key of the file.
//
// A key the program does not know, and a value of the wrong type, are errors
// that name the file, the line and the key.
package settings
