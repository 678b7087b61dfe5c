package conformance

func (c *command) lint(args []string) int  { return 2 }
func loadSuite(dir string) (*Suite, error) { return nil, errEmpty }
