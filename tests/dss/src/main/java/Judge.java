import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.io.InputStream;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;

/**
 * Judges the signatures of a JSON document by the library of the European Commission (DSS), one line each. Arguments: the
 * document, then the certificates of the authorities that are trusted. Ends with 0 when each signature is TOTAL_PASSED.
 */
public final class Judge {
    public static void main(String[] args) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        for (int i = 1; i < args.length; i++) {
            trusted.addCertificate(DSSUtils.loadCertificate(new File(args[i])));
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(args[0]));
        validator.setCertificateVerifier(verifier);
        String policy;
        try (InputStream in = Judge.class.getResourceAsStream("/policy/constraint.xml")) {
            policy = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        // The authorities of the tests publish no revocation lists.
        policy = policy.replace("<RevocationDataAvailable Level=\"FAIL\" />", "<RevocationDataAvailable Level=\"IGNORE\" />");
        Reports reports = validator.validateDocument(new ByteArrayInputStream(policy.getBytes(StandardCharsets.UTF_8)));
        SimpleReport simple = reports.getSimpleReport();
        boolean all = !simple.getSignatureIdList().isEmpty();
        for (String id : simple.getSignatureIdList()) {
            System.out.println(simple.getIndication(id) + " " + simple.getSubIndication(id) + " "
                + simple.getSignatureFormat(id) + " by " + simple.getSignedBy(id) + " "
                + simple.getAdESValidationErrors(id).stream().map(m -> m.getValue()).toList()
                + " warnings " + simple.getAdESValidationWarnings(id).stream().map(m -> m.getValue()).toList());
            all &= simple.isValid(id);
        }
        System.exit(all ? 0 : 1);
    }
}
