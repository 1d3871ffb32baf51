# Fits one model with lme4 and prints its figures, one per line: name value value ...
# Rscript fit.R rows.csv "formula" reml|ml usual|tight passes
suppressMessages(library(lme4))
asked <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(asked[1])
reml <- asked[3] == "reml"
control <- if (asked[4] == "tight") {
  lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6))
} else {
  lmerControl()
}
said <- function(name, values) cat(name, formatC(values, digits = 17), "\n")
seconds <- c()
for (pass in seq_len(as.integer(asked[5]))) {
  start <- proc.time()
  found <- lmer(as.formula(asked[2]), rows, REML = reml, control = control)
  spent <- proc.time() - start
  seconds <- c(seconds, spent[["user.self"]] + spent[["sys.self"]])
}
said("beta", unname(fixef(found)))
said("cov_beta", as.vector(as.matrix(vcov(found))))
said("g", as.vector(VarCorr(found)[[1]]))
said("sigma2", sigma(found)^2)
said("loglik", as.numeric(logLik(found)))
said("singular", as.integer(isSingular(found)))
said("seconds", seconds)
cat("version", as.character(packageVersion("lme4")), "\n")
