"""The cutover's executor: runs the commands of wsmigrate.stages, writes down each, and resumes."""
